// Waiting for the children of a single-threaded process and for one channel, together.
#pragma once

#include <sys/types.h>

#include <optional>

#include "platform/child_process.h"
#include "platform/unique_fd.h"

namespace coffees::platform {

/// A child that has ended and was reaped.
struct EndedChild {
  pid_t pid = 0;
  ExitStatus status;
};

/// Blocks SIGCHLD and reads it from a descriptor (signalfd(2)). For processes whose only work is to wait.
class ChildWatch {
 public:
  /// Throws SystemError.
  ChildWatch();

  /// Waits until `channel` can be read or has closed, or a child has ended. Returns whether the channel is
  /// the reason.
  bool wait(int channel) const;
  /// Reaps one ended child, clones of any kind included (wait(2), __WALL); nothing when none is left. A child
  /// that only stops for a tracer has not ended.
  static std::optional<EndedChild> reap();
  /// In a forked child: signals as they were before.
  static void forget_in_child();
  /// Kills every descendant and reaps it. Complete only for a process that adopts orphans.
  static void kill_all();

 private:
  UniqueFd signals_;
};

}  // namespace coffees::platform
