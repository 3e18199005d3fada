// Writing to a descriptor that others share: without waiting, and without making it non-blocking for them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "platform/unique_fd.h"

namespace coffees::platform {

/// A descriptor held in reserve (/dev/null), to be given up when no other is left. Empty when even that
/// fails.
UniqueFd open_spare();

/// Writes as much of `text` as can be written now; poll(2) promises room for one page in a pipe (pipe(7)).
/// Returns the number of bytes; a broken descriptor swallows everything.
std::size_t write_without_waiting(int descriptor, std::string_view text);

/// Opens a file to append to, made if needed, readable by its owner only. Throws SystemError.
UniqueFd open_for_appending(const std::string& path);

/// Writes all of `text`. Returns an empty string, or why not (a full disk).
std::string write_file(int file, std::string_view text);

/// Whether it is a terminal (isatty(3)).
bool is_terminal(int descriptor);

/// Whether the calling process has a controlling terminal (tty(4)), whatever its descriptors are.
bool has_terminal();

}  // namespace coffees::platform
