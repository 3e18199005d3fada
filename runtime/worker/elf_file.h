// Reading an ELF shared library as data: elf(5). Every offset and length is checked against the file.
#pragma once

#include <elf.h>

#include <optional>
#include <string>
#include <vector>

namespace coffees {

/// The segments of a shared library for this machine, read from descriptor `file`; nothing when it is not
/// one.
std::optional<std::vector<Elf64_Phdr>> read_segments(int file);

/// What the dynamic linker is told about a library (ld.so(8)).
struct DynamicSection {
  std::vector<std::string> needed;  ///< names of libraries, DT_NEEDED
  std::string rpath;                ///< folders, separated by colons, DT_RPATH
  std::string runpath;              ///< the same, DT_RUNPATH; then DT_RPATH does not count
};

/// The dynamic section of the library behind `file`; an empty one when it has none that can be read.
DynamicSection read_dynamic_section(int file, const std::vector<Elf64_Phdr>& segments);

}  // namespace coffees
