// Whether a process that has served a request can serve another one.
#pragma once

#include <cstdint>

namespace coffees::platform::fitness {

/// Whether the calling process has children, running or ended, that it has not waited for (waitid(2),
/// ECHILD). 0.2 us.
bool has_children();

/// What the calling process can do no more.
enum class Missing : std::uint32_t {
  nothing,
  descriptors,  ///< no further one can be opened (RLIMIT_NOFILE)
  output,       ///< descriptor 1 or 2 is closed
  threads,      ///< no further thread can be started: RLIMIT_NPROC, or no memory for its stack
  tmp,          ///< its own /tmp is full
};

/// Tries the means that a handler needs, one after the other; some 30 us. `own_tmp`: /tmp belongs to this
/// process alone, so that a new process would find an empty one.
Missing what_is_missing(bool own_tmp);

}  // namespace coffees::platform::fitness
