// Resource limits: getrlimit(2). Soft and hard limit are set alike, so nothing inside can raise them again.
#pragma once

#include <cstdint>

namespace coffees::platform::limits {

/// Limits of everything that runs for one function. Sizes in bytes.
struct FunctionLimits {
  std::uint64_t memory = 0;         ///< data segment of one process; thread stacks count, /tmp does not
  std::uint64_t largest_file = 0;   ///< one file in /tmp
  std::uint64_t open_files = 1024;  ///< descriptors of one process
  bool limit_memory = true;         ///< false under a sanitizer, which maps terabytes
};

/// Applies the limits to the calling process and all that it starts. Throws SystemError.
void apply(const FunctionLimits& limits);

/// At most `count` processes and threads of this user in this user namespace. Throws SystemError.
void apply_process_count(std::uint64_t count);

/// Raises the soft limit on open descriptors to the hard one. Returns what is allowed now.
std::uint64_t raise_open_files();

/// Makes the table of descriptors large enough for `count` of them, or as many as are allowed, now: in a
/// process with threads the kernel grows it step by step, and makes the thread that opens one wait for all
/// processors each time (synchronize_rcu in the kernel's fs/file.c; 15 to 24 ms seen while all are busy). To
/// be called before the first thread. It costs 8 bytes of the kernel's memory for each. Failure does no harm.
void prepare_descriptors(std::uint64_t count);

/// True when this program was built with AddressSanitizer or ThreadSanitizer.
bool built_with_sanitizer();

}  // namespace coffees::platform::limits
