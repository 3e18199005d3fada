// Starting and ending processes by handle (pidfd_open(2)), never by a number that may have been reused.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "platform/abort_notifier.h"
#include "platform/unique_fd.h"

namespace coffees::platform {

/// How a process ended, as its parent was told by waitid(2).
struct ExitStatus {
  std::int32_t code = 0;    ///< exit status, when `signal` is 0
  std::int32_t signal = 0;  ///< the signal that ended it, or 0
};

/// "segmentation fault", "exit status 3": words for an ExitStatus.
std::string describe(ExitStatus status);
/// "segmentation fault at address 0x0, in x.so+0x2d10 (...)": words for what a dying process said. `notice`
/// may come from a process that lies; its `place` ends at its last byte at the latest.
std::string describe(const abort_notifier::Notice& notice);

/// Starts `program` with `arguments` (without argv[0]), an empty environment, every signal at its default,
/// those of outside_signals.h blocked, standard input and output at /dev/null, standard error inherited and
/// `channel` as descriptor 3. The child is reaped by the kernel if the caller ignores SIGCHLD. Returns its
/// process id. Throws SystemError.
pid_t spawn(const std::string& program, const std::vector<std::string>& arguments, int channel);

/// A handle on `pid`. Empty when the process is gone already. Throws SystemError on other failures.
UniqueFd open_process(pid_t pid);

/// The most memory that process `pid` has held so far, in bytes (VmHWM of /proc/PID/status, proc(5)); 0 when
/// it cannot be read.
std::uint64_t peak_memory(pid_t pid);

/// Sends SIGKILL through the handle. A process that is gone already is fine.
void kill_process(int process) noexcept;

/// Asks a process that was prepared for it to end at once (abort_notifier.h). It may refuse.
void ask_to_end(int process) noexcept;

/// Sends SIGKILL to the process group `group`; one that is gone is fine.
void kill_group(pid_t group) noexcept;

/// Waits until every process behind the handles has ended, at most `limit`. Returns whether all have.
bool wait_for_all(const std::vector<int>& processes, std::chrono::milliseconds limit);

/// Writing to a pipe or socket without a reader fails with EPIPE from now on, instead of ending this process
/// (signal(7)).
void survive_broken_pipes();

/// Lets the kernel reap children that this program does not wait for (sigaction(2), SIGCHLD).
void reap_children_automatically();

}  // namespace coffees::platform
