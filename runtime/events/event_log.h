// The one event log: everything that happens is told here, once, and all views are made from it.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "events/metrics.h"
#include "events/record.h"
#include "events/record_store.h"
#include "events/ring.h"
#include "invocation.h"
#include "timer_queue.h"

namespace coffees::events {

/// The loop's side writes records and counts; it neither formats nor locks. Each record is written twice:
/// into a ring, out of which followers read everything in order, and into a store, which keeps each
/// function's past apart from the others'. Other threads read both at their own pace. Outlives all of its
/// readers' threads.
class EventLog {
 public:
  /// What the memory comes to. It is all used after about 20,000 invocations and stays the same.
  struct Room {
    std::size_t ring_words = std::size_t{1} << 19;  ///< of 8 bytes: what followers have not read yet
    std::size_t chunks = 256;  ///< of RecordStore::kChunkWords: the past; four for each lane, if that is more
  };

  /// `functions`: their names, by FunctionIndex; fixed from now on.
  EventLog(TimerQueue& timers, std::vector<std::string> functions, const Room& room);
  EventLog(TimerQueue& timers, std::vector<std::string> functions)
      : EventLog(timers, std::move(functions), Room()) {}

  // -- The loop's side. `now` is the moment that the event is dated to.
  void function_loaded(FunctionIndex function, Duration init, TimePoint now);
  void function_failed(FunctionIndex function, std::string_view why, TimePoint now);
  /// The breaker of a function is in another state than before. `cause`: of the last failure.
  void function_breaker(FunctionIndex function, BreakerState state, std::string_view cause, TimePoint now);
  void worker_starting(FunctionIndex function, std::uint32_t worker, bool spare, TimePoint now);
  void worker_ready(FunctionIndex function, std::uint32_t worker, const Ready& ready, TimePoint now);
  void worker_busy(FunctionIndex function, std::uint32_t worker, std::string_view request_id,
                   Duration was_idle, TimePoint now);
  void worker_idle(FunctionIndex function, std::uint32_t worker, Duration was_busy, TimePoint now);
  /// It serves what it was handed, takes nothing new, and stops then.
  void worker_draining(FunctionIndex function, std::uint32_t worker, StopReason reason, TimePoint now);
  /// Time spent in the previous state, idle or busy; the other argument is zero.
  void worker_stopping(FunctionIndex function, std::uint32_t worker, StopReason reason, Duration was_idle,
                       Duration was_busy, TimePoint now);
  /// `how` its process ended, if that is more than the reason: "died: segmentation fault".
  void worker_stopped(FunctionIndex function, std::uint32_t worker, StopReason reason, const Stopped& stopped,
                      std::string_view how, TimePoint now);
  void invocation_queued(FunctionIndex function, const Invocation& call, TimePoint now);
  void invocation_started(FunctionIndex function, std::uint32_t worker, const Invocation& call, bool cold,
                          TimePoint now);
  /// Every invocation, exactly once, whatever became of it.
  void invocation_finished(FunctionIndex function, const Invocation& call, const Outcome& outcome,
                           TimePoint now);
  /// A request that was answered with `status` before any function saw it. Counts each; tells at most
  /// kRefusalsPerSecond of them, and at the end of such a second how many more there were. `path` without
  /// its query; method and path may be anything that a client can send, or empty.
  void request_refused(RefusalCode code, std::string_view request_id, const RequestLine& line, TimePoint now);
  static constexpr std::uint64_t kRefusalsPerSecond = 10;
  /// One line of a process's output; `worker` 0 is its function's zygote.
  void log(FunctionIndex function, std::uint32_t worker, std::string_view request_id, std::string_view line,
           TimePoint now);
  /// The same for what the runtime itself has to say among these lines.
  void note(FunctionIndex function, std::uint32_t worker, std::string_view request_id, std::string_view text,
            TimePoint now);
  void log_dropped(FunctionIndex function, std::uint64_t bytes);

  /// Asked once a second while things happen, for the `stats` event.
  void on_stats(std::function<Stats()> ask) { ask_stats_ = std::move(ask); }
  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  [[nodiscard]] const RefusalCounts& refusals() const { return refusals_; }

  // -- Any thread.
  [[nodiscard]] const Ring& ring() const { return ring_; }
  /// The past: what each function did and, apart from it, what it printed.
  [[nodiscard]] const RecordStore& store() const { return store_; }
  /// The lane of a function in store(): of its log lines, or of all other events. kNoFunction is a function,
  /// too.
  [[nodiscard]] std::size_t lane_of(FunctionIndex function, bool log_lines) const {
    return 2 * std::min<std::size_t>(function, functions_.size()) + (log_lines ? 1 : 0);
  }
  [[nodiscard]] const std::vector<std::string>& functions() const { return functions_; }
  /// Sequence of the newest event.
  [[nodiscard]] std::uint64_t newest() const { return sequence_.load(std::memory_order_acquire); }

  /// Waits until something is new since `seen`, the log is closed, or `limit` has passed. News are announced
  /// in batches, 20 ms after the first of them: one wake-up per batch, not per event. Returns newest().
  std::uint64_t wait_for_news(std::uint64_t seen, std::chrono::milliseconds limit) const;
  /// No more news will come; wakes all who wait.
  void close();
  /// For readers on another loop. `tell` is called once after each want_news(), when there is something new
  /// (in batches, as above), and once when the log is closed. The writer's thread calls it: it must not
  /// block. Set before the first event.
  void on_news(std::function<void()> tell) { tell_news_ = std::move(tell); }
  void want_news() const { news_wanted_.exchange(true, std::memory_order_seq_cst); }
  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  template <typename Body>
  void append(Header header, const Body& body, std::string_view text, TimePoint now);
  void append_bytes(Header header, std::string_view body, std::string_view text, TimePoint now);
  LineSizes write_line(const RequestLine& line);
  LineSizes write_line(const Invocation& call);
  void tell_more_refusals();
  void announce();
  void tell_stats();
  FunctionMetrics& of(FunctionIndex function) {
    return metrics_[function < functions_.size() ? function : functions_.size()];
  }

  std::vector<std::string> functions_;
  Ring ring_;
  RecordStore store_;
  Metrics metrics_;
  RefusalCounts refusals_{};
  std::string text_;  ///< of the event that is being written; never grows
  std::uint64_t refused_lately_ = 0;
  TimePoint refusals_since_;
  std::uint64_t finished_ = 0;
  std::atomic<std::uint64_t> sequence_{0};
  std::function<Stats()> ask_stats_;
  TimerQueue& timers_;
  Deadline announcement_;
  Deadline stats_;
  Deadline more_refusals_;
  bool announcing_ = false;
  bool stats_due_ = false;
  std::int64_t since_1970_ = 0;  ///< add it to a TimePoint

  mutable std::mutex mutex_;  ///< tried once per batch; the loop never waits for it
  mutable std::condition_variable news_;
  std::uint64_t announced_ = 0;
  std::atomic<bool> closed_{false};
  std::function<void()> tell_news_;
  mutable std::atomic<bool> news_wanted_{false};
};

}  // namespace coffees::events
