// The libraries that a handler library names outside the system's folders, as the dynamic linker would find
// them.
#pragma once

#include <string>
#include <vector>

namespace coffees {

/// A library that a RUNPATH or RPATH leads to.
struct NeededLibrary {
  std::string path;            ///< absolute, as the dynamic linker puts it together, without "." and ".."
  bool beside_plugin = false;  ///< found from the plugin's own folder ($ORIGIN), not by an absolute path
};

/// A library that no RUNPATH or RPATH leads to: the system has it, or it is missing.
struct OtherLibrary {
  std::string name;
  std::string wanted_by;             ///< path of the library that names it
  std::vector<std::string> folders;  ///< where the RUNPATH or RPATH of that one led to
};

struct PluginLibraries {
  std::vector<NeededLibrary> needed;
  std::vector<OtherLibrary> others;
};

/// Follows DT_NEEDED from the library at the absolute `path`, which `file` is open on, by ld.so(8): the
/// DT_RUNPATH of each library, or its DT_RPATH and those of the libraries that led to it; $ORIGIN and $LIB
/// are known, elements with anything else and relative ones are left out. Libraries in the system's folders
/// are not followed further. Nothing is loaded or run.
PluginLibraries find_libraries(const std::string& path, int file);

}  // namespace coffees
