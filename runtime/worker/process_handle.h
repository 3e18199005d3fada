// The dispatcher's hold on one worker process: what the kernel does with it when asked.
#pragma once

#include <functional>
#include <memory>

#include "loop.h"

namespace coffees {

/// One process. Loop thread only. Only this sees its end; its parent reports how it ended.
class ProcessHandle {
 public:
  ProcessHandle() = default;
  ProcessHandle(const ProcessHandle&) = delete;
  ProcessHandle& operator=(const ProcessHandle&) = delete;
  virtual ~ProcessHandle() = default;

  /// As the host numbers it.
  [[nodiscard]] virtual int pid() const = 0;
  /// False when the process was gone before it could be taken hold of.
  [[nodiscard]] virtual bool is_open() const = 0;
  /// Kills it, and what it has started. One that is gone already is fine.
  virtual void kill() = 0;
  /// Asks it to end by itself at once (platform/abort_notifier.h). It may refuse.
  virtual void ask_to_end() = 0;
  /// It has ended: kills what it has started and left behind, where the kernel does not.
  virtual void kill_remains() = 0;
  /// Called on the loop, once, when it has ended. Not after this handle is gone.
  void on_end(std::function<void()> action) { end_ = std::move(action); }

 protected:
  void told_of_end() {
    if (const std::function<void()> action = std::exchange(end_, {})) action();
  }

 private:
  std::function<void()> end_;
};

/// A handle on process `pid` by its pidfd (pidfd_open(2)), which can be read when the process has ended,
/// whatever other processes say. `own_pid_namespace`: what it has started ends with it; else its process
/// group is killed. Throws platform::SystemError when there are no descriptors left.
std::unique_ptr<ProcessHandle> open_process_handle(const Executor& executor, int pid, bool own_pid_namespace);

}  // namespace coffees
