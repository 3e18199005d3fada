// Forking with new namespaces: clone3(2) or clone(2), kept compatible with the C library's own view of the
// process.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "platform/unique_fd.h"

namespace coffees::platform {

/// What clone_process returned, and where.
struct Cloned {
  bool in_child = false;
  pid_t pid = 0;     ///< of the child, in the caller's PID namespace; 0 in the child
  UniqueFd process;  ///< pidfd of the child when asked for; empty in the child
};

/// Forks the calling, single-threaded process with CLONE_* `flags` (no CLONE_VM, no exit signal but the
/// inherited one when CLONE_PARENT is set). Returns twice, like fork(2). fork(3) handlers do not run, so the
/// caller must be single-threaded and have flushed its streams. Throws SystemError naming clone.
///
/// The C library keeps the thread id of the main thread in memory and trusts it (recursive mutexes compare
/// owners with it); fork(3) renews it, and so does this call, at the address that prctl(PR_GET_TID_ADDRESS)
/// names.
Cloned clone_process(std::uint64_t flags, bool want_handle);

}  // namespace coffees::platform
