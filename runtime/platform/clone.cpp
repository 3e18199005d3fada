#include "platform/clone.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>

#include "platform/syscall.h"

namespace coffees::platform {
namespace {

// Where the C library keeps the main thread's id, or null on a kernel built without
// CONFIG_CHECKPOINT_RESTORE.
int* thread_id_address() {
  int* address = nullptr;
  return ::prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) == 0 ? address : nullptr;
}

}  // namespace

Cloned clone_process(std::uint64_t flags, bool want_handle) {
  int handle = -1;
  int* const thread_id = thread_id_address();
  // The kernel forgets the robust list of the child (set_robust_list(2)); robust mutexes need it again.
  void* robust_list = nullptr;
  std::size_t robust_size = 0;
  ::syscall(SYS_get_robust_list, 0, &robust_list, &robust_size);

  clone_args arguments{};
  arguments.flags = flags;
  if (thread_id != nullptr) {
    arguments.flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    arguments.child_tid = reinterpret_cast<std::uintptr_t>(thread_id);
  }
  if (want_handle) {
    arguments.flags |= CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&handle);
  }
  // A sibling inherits the exit signal of the caller; asking for one is EINVAL (clone(2), CLONE_PARENT).
  arguments.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) throw_errno("clone3");
  if (pid == 0) {
    if (robust_list != nullptr) ::syscall(SYS_set_robust_list, robust_list, robust_size);
    return Cloned{.in_child = true, .pid = 0, .process = {}};
  }
  return Cloned{.in_child = false, .pid = static_cast<pid_t>(pid), .process = UniqueFd(handle)};
}

}  // namespace coffees::platform
