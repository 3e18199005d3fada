// Reading a file that may be anything.
#pragma once

#include <cstdint>
#include <optional>
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

/// All of a file, from its beginning; nothing when it cannot be read or has more than `most` bytes.
std::optional<std::string> read_whole(int file, std::size_t most);

/// Why a user may not read the file or folder at `path`, or write it as well; empty when nothing is in the
/// way. Of another user than the calling process's only the permissions of the file itself count, as it would
/// be handed over open; access lists (acl(5)) are not looked at then.
std::string why_no_access(const std::string& path, bool write, std::uint32_t user, std::uint32_t group);

}  // namespace coffees::platform
