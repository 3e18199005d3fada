// Reading a file that may be anything.
#pragma once

#include <cstdint>
#include <string>

#include "platform/unique_fd.h"

namespace coffees::platform {

/// An open file, or the errno that says why there is none.
struct OpenedFile {
  UniqueFd file;
  int error = 0;
  bool is_regular = false;  ///< no directory, device or pipe
};

/// Opens for reading, without waiting for a writer if it is a pipe.
OpenedFile open_file(const std::string& path);

/// Reads exactly `size` bytes at `offset`; false when there are fewer.
bool read_exactly(int file, std::uint64_t offset, void* to, std::size_t size);

}  // namespace coffees::platform
