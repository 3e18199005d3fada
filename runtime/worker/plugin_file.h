// A handler library as a file: opened and checked without running anything in it.
#pragma once

#include <string>

#include "platform/unique_fd.h"

namespace coffees {

/// What is wrong with a file that should be a handler library. `code` is empty when nothing is.
struct PluginFault {
  std::string
      code;  ///< E202 (no ELF library), E203 (another ABI), E204 (no handler in it), E208 (no such file)
  std::string message;  ///< one sentence
  std::string hint;     ///< what to do about it
};

/// An opened handler library, or what is wrong with it.
struct PluginFile {
  platform::UniqueFd file;
  PluginFault fault;
};

/// Opens `path` and reads its ELF header and notes (elf(5)) with every offset checked against the file: a
/// wrong file is refused before a process is started for it. Does not throw for anything that is wrong with
/// the file.
PluginFile open_plugin(const std::string& path);

}  // namespace coffees
