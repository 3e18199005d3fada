// The one way from the admin port's loop to the dispatcher's: a question is carried over, its answer is a
// value.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <optional>

#include "admin/elsewhere.h"
#include "timer_queue.h"

namespace coffees::admin {

/// Carries questions to the dispatcher's loop, one at a time and at most one every 2 ms: however many
/// observers ask, that loop spends a few thousandths of its time on them. Used on the admin port's loop only,
/// but for close().
class Bridge {
 public:
  /// `timers` are those of the admin port's loop, which `home` runs.
  Bridge(Loop& dispatcher_loop, const Executor& home, TimerQueue& timers)
      : there_(dispatcher_loop), home_(home), timers_(timers), free_(home) {}

  /// Runs `question()` on the dispatcher's loop. Returns its result, or nothing when the server is stopping
  /// or that loop has not come to it within two seconds. What the question refers to must be that loop's own
  /// or outlive it.
  template <typename Question>
  auto ask(Question question) -> Task<std::optional<decltype(question())>> {
    using Answer = decltype(question());
    const Turn turn(*this);
    while (turns_.front() != &turn) co_await free_.wait();
    co_await sleep_until(timers_, next_);
    const TimePoint now = timers_.now();
    next_ = now + std::chrono::milliseconds(2);
    if (closed()) co_return std::nullopt;
    const auto errand = send_errand(there_, home_, std::move(question));
    const TimePoint limit = now + std::chrono::seconds(2);
    while (!errand->done && !closed() && timers_.now() < limit)
      co_await wait_until(timers_, errand->told,
                          std::min(limit, timers_.now() + std::chrono::milliseconds(20)));
    std::optional<Answer> answer;
    if (errand->done) answer = errand->take();
    co_return answer;
  }

  /// From now on nothing is answered: the dispatcher's loop does not run any more. Any thread.
  void close() { closed_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_relaxed); }

 private:
  // A place in the line of those that ask, in order of arrival.
  struct Turn {
    explicit Turn(Bridge& of) : bridge(of) { bridge.turns_.push_back(this); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      std::erase(bridge.turns_, this);
      bridge.free_.notify();
    }
    Bridge& bridge;
  };

  Loop& there_;
  Executor home_;
  TimerQueue& timers_;
  std::deque<const Turn*> turns_;
  Signal free_;
  TimePoint next_;
  std::atomic<bool> closed_{false};
};

}  // namespace coffees::admin
