// What a process of a function prints: read, cut into lines, attributed, and limited.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "deadlines.h"
#include "platform/unique_fd.h"

namespace coffees {

/// Takes one line of a function's output, without its line end. `request_id` is empty outside of invocations.
using LogSink =
    std::function<void(std::string_view worker, std::string_view request_id, std::string_view line)>;

/// Reads one process's standard output and error. Loop thread only. Kept alive by its own pending read.
class LogPipe : public std::enable_shared_from_this<LogPipe> {
 public:
  /// `name` is the worker's; `sink` outlives the pipe. Lines are cut at 16 KiB, and after 1 MiB in one
  /// invocation the rest is read slowly and thrown away, which is said in a line of its own: a flood may not
  /// take the loop's time from others.
  LogPipe(const Executor& executor, Deadlines& deadlines, platform::UniqueFd pipe, std::string name,
          const LogSink& sink);

  /// Begins to read. Once.
  void start() { wait(); }
  /// Attributes what comes from now on to this request.
  void begin_invocation(std::string_view request_id);
  /// Reads what is there already, so that it is attributed to the invocation that printed it.
  void end_invocation();
  /// Reads what is left and closes: the process has ended, or nobody cares any more.
  void close();

 private:
  void wait();
  /// Returns false at the end of the pipe.
  bool read_some();
  void take(std::string_view text);
  void emit(std::string_view line);

  Descriptor pipe_;
  std::string name_;
  const LogSink& sink_;
  std::string request_id_;
  std::string partial_;
  std::size_t taken_ = 0;
  Deadline slow_down_;
};

}  // namespace coffees
