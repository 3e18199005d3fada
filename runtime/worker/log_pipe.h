// What a process of a function prints: read, cut into lines, attributed, and limited.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "platform/unique_fd.h"
#include "timer_queue.h"

namespace coffees {

/// Whose output it is.
struct LogOrigin {
  std::string name;            ///< "espresso#3", or "espresso" for its zygote
  std::uint16_t function = 0;  ///< its place in the configuration
  std::uint32_t worker = 0;    ///< 0: the zygote
};

/// Takes what processes print. Loop thread only.
class LogSink {
 public:
  LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  virtual ~LogSink() = default;
  /// One line, without its line end: any bytes. `request_id` is empty outside of invocations.
  virtual void line(const LogOrigin& origin, std::string_view request_id, std::string_view line) = 0;
  /// Something that the runtime has to say in this place; never what a process printed.
  virtual void note(const LogOrigin& origin, std::string_view request_id, std::string_view text) = 0;
  /// This many bytes were dropped: of a flood, which a note has reported, or beyond the 16 KiB of a line.
  virtual void dropped(const LogOrigin&, std::size_t /*bytes*/) {}
};

/// Reads one process's standard output and error. Loop thread only. Kept alive by its own pending read.
class LogPipe : public std::enable_shared_from_this<LogPipe> {
 public:
  /// `sink` outlives the pipe. Lines are cut at 16 KiB. Of one invocation 1 MiB is kept, and of one second
  /// 2 MiB, where each line counts 128 bytes more; the rest is thrown away, which one note says for each
  /// invocation or second. What is thrown away is read slowly, and so is what comes in very small pieces: a
  /// flood may not take the loop's time from others.
  LogPipe(const Executor& executor, TimerQueue& timers, platform::UniqueFd pipe, LogOrigin origin,
          LogSink& sink);

  /// Begins to read. Once.
  void start() { wait(); }
  /// Reads what a thread may have printed since the last request, so that it is attributed to none. Before
  /// begin_invocation(), unless the process may have begun that invocation already.
  void end_pause();
  /// Attributes what comes from now on to this request; an empty id: to none.
  void begin_invocation(std::string_view request_id);
  /// Reads what is there already, so that it is attributed to the invocation that printed it; a line without
  /// an end ends here. `printed`: there may be something.
  void end_invocation(bool printed = true);
  /// Called before something is read because it has arrived: the last moment to say whose it is. May end
  /// invocations and close this. Returns whether that is settled; if not, it is asked again in the next turn
  /// of the loop, and nothing is read before.
  void before_reading(std::function<bool()> action) { before_reading_ = std::move(action); }
  /// Reads what is left and closes: the process has ended, or its output is no longer needed.
  void close();

 private:
  void wait();
  enum class Read { something, nothing, end };
  Read read_some();
  void read_all();
  void take(std::string_view text);
  void begin_second();
  bool spend(std::size_t cost);
  void emit_line();
  void end_line();

  TimerQueue& timers_;
  Descriptor pipe_;
  LogOrigin origin_;
  LogSink& sink_;
  std::string request_id_;
  std::string partial_;        ///< a line whose end has not come yet, 16 KiB of it at most
  std::size_t cut_off_ = 0;    ///< how much longer it is
  bool has_printed_ = false;   ///< since it started
  std::size_t taken_ = 0;      ///< in this invocation
  std::size_t taken_now_ = 0;  ///< in this second
  int reads_now_ = 0;
  TimePoint second_;  ///< when it began
  bool flooding_ = false;
  Deadline slow_down_;
  std::function<bool()> before_reading_;
};

}  // namespace coffees
