// What a process of ours does to itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffees::platform::this_process {

/// Ends at once: no destructors, no exit handlers of a library that was inherited, no second flush of
/// inherited streams.
[[noreturn]] void exit_now(int status);

/// Whether others of the same user may look into this process (prctl(2), PR_SET_DUMPABLE). The files in /proc
/// that belong to the process, its id maps among them, can be written by itself only while they may. Throws
/// SystemError.
void allow_inspection(bool allowed);

/// Orphaned descendants become children of the calling process (prctl(2), PR_SET_CHILD_SUBREAPER). Throws
/// SystemError.
void adopt_orphans();

/// When memory runs out, the kernel ends this process and those that it starts from now on before others
/// (/proc/PID/oom_score_adj, proc(5)). Does nothing where there is no /proc.
constexpr int kKilledFirst = 1000;  ///< the most there is
void be_killed_first();
/// The oom_score_adj of the calling process: -1000 (never killed) to 1000 (first); 0 when it cannot be read.
int oom_score_adjustment();

/// Threads get stacks of `size` bytes from now on, unless they ask for another size.
void set_thread_stack(std::size_t size);

/// What the calling process has used so far, its waited-for children not counted (getrusage(2)).
struct Usage {
  std::int64_t cpu_nanoseconds = 0;  ///< user and system time
  std::uint64_t peak_rss = 0;        ///< bytes
  std::uint64_t waits = 0;           ///< voluntary context switches
};
Usage usage();

/// Whether something that was written to this pipe has not been read yet (ioctl_tty(2), FIONREAD). True also
/// when that cannot be found out.
bool unread_output(int descriptor);

/// Writes all of `text`, waiting if need be. Gives up silently when the other end is gone.
void write_all(int descriptor, std::string_view text);

/// The variables whose names begin with `prefix`, as name and value.
std::vector<std::pair<std::string, std::string>> variables_with_prefix(std::string_view prefix);

/// Replaces the environment by "NAME=value" strings, each ended by a zero byte.
void set_environment(std::string_view block);

}  // namespace coffees::platform::this_process
