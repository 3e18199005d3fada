// What a function sees of the host beside the system's libraries: a list that the dispatcher makes and the
// function's init carries out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/unique_fd.h"

namespace coffees::platform {

/// One file or folder.
struct Shown {
  enum class Kind : char {
    read_only = 'r',    ///< has to be there
    if_present = 'p',   ///< read-only; left out when the host has none
    writable = 'w',     ///< has to be there; nothing in it can be executed
    inside_link = 'l',  ///< a symbolic link: `from` is a path inside the function's root
  };
  Kind kind = Kind::read_only;
  std::string from;  ///< absolute path on the host; symbolic links are followed
  std::string to;    ///< absolute path inside, without "." and ".."
};

/// Where a function's own files stand; its current directory (level full).
constexpr const char* kFilesFolder = "/app";
/// Where its handler library and the libraries beside it stand, under the path that they have on the host.
constexpr const char* kLibrariesFolder = "/fn";

/// Everything that one function is shown.
struct View {
  std::string plugin;  ///< absolute path of the handler library on the host; empty: none
  std::vector<Shown> shown;
  std::vector<UniqueFd>
      trees;  ///< filled by open_trees(): one for each of `shown`, empty where there is none

  /// As bytes for a message, and back. Whatever unpack() cannot read is left out.
  [[nodiscard]] std::string pack() const;
  static View unpack(std::string_view bytes);
};

/// Opens what is shown as detached mounts (open_tree(2), OPEN_TREE_CLONE), which init can attach to its own
/// root although its user may not be allowed to walk to the place. Needs CAP_SYS_ADMIN over the mount
/// namespace: without it nothing is opened. What is open already stays. `complete`: throws SystemError,
/// naming the path, for what is still missing at the end.
void open_trees(View& view, bool complete);

}  // namespace coffees::platform
