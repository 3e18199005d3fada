// A copy of this process that does one thing and ends: fork(2).
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>

#include "platform/unique_fd.h"

namespace coffees::platform {

/// Move-only. The destructor kills the process if it is still there. It also ends with the thread that
/// started it.
class Fork {
 public:
  /// Runs `work` in the new process, whose exit status is what it returns, or 1 when it throws. `output`:
  /// becomes its standard output, if not negative. The caller must be the only thread of its process. Throws
  /// SystemError.
  explicit Fork(const std::function<int()>& work, int output = -1);
  Fork(Fork&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Fork& operator=(Fork&&) = delete;
  Fork(const Fork&) = delete;
  Fork& operator=(const Fork&) = delete;
  ~Fork();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Sends SIGTERM.
  void ask_to_stop() const;
  /// Waits for its end. Returns its exit status, or the negative number of the signal that ended it; that of
  /// SIGKILL also when it is unknown: SIGCHLD is ignored, or this was asked before.
  int wait();

 private:
  pid_t pid_ = 0;
};

/// Two ends of a pipe, the reading one first. Throws SystemError.
std::pair<UniqueFd, UniqueFd> make_pipe();
/// Everything up to the end of a line or of what there is, without the line's end.
std::string read_line(int descriptor);

}  // namespace coffees::platform
