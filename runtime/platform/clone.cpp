#include "platform/clone.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
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

// clone3, or clone(2) where a container's seccomp profile says that there is no clone3: a filter cannot look
// into its structure, so Docker's default wants it done the older way, where the flags can be seen. The
// kernel does the same for both.
long clone_by_either(const clone_args& arguments) {
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid >= 0 || errno != ENOSYS) return pid;
    // The order of the last two differs between machines (clone(2), C library/kernel differences).
#if defined(__x86_64__)
  return ::syscall(SYS_clone, arguments.flags | arguments.exit_signal, 0, arguments.pidfd,
                   arguments.child_tid, 0);
#else
  return ::syscall(SYS_clone, arguments.flags | arguments.exit_signal, 0, arguments.pidfd, 0,
                   arguments.child_tid);
#endif
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
  const long pid = clone_by_either(arguments);
  if (pid < 0) throw_errno("clone");
  if (pid == 0) {
    if (robust_list != nullptr) ::syscall(SYS_set_robust_list, robust_list, robust_size);
    return Cloned{.in_child = true, .pid = 0, .process = {}};
  }
  return Cloned{.in_child = false, .pid = static_cast<pid_t>(pid), .process = UniqueFd(handle)};
}

}  // namespace coffees::platform
