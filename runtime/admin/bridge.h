// The one way from the admin port's loop to the dispatcher's: a question is carried over, its answer is a
// value.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>

#include "admin/doorbell.h"
#include "admin/places.h"

namespace coffees::admin {

/// Carries questions to the dispatcher's loop, one at a time and at most one every 2 ms: however many
/// observers ask, that loop spends a few thousandths of its time on them. Used on the admin port's loop only,
/// but for close().
class Bridge {
 public:
  /// `timers` are those of the admin port's loop, which `home` runs. `bell` wakes that loop, and
  /// bell_has_rung() is called then.
  Bridge(Loop& dispatcher_loop, const Executor& home, TimerQueue& timers, const Doorbell& bell)
      : there_(dispatcher_loop), timers_(timers), bell_(bell), line_(home, timers, 1), answered_(home) {}

  /// Runs `question()` on the dispatcher's loop. Returns its result, or nothing when the server is stopping
  /// or that loop has not come to it two seconds from now. What the question refers to must be that loop's
  /// own or outlive it.
  template <typename Question>
  auto ask(Question question) -> Task<std::optional<decltype(question())>> {
    using Answer = decltype(question());
    const TimePoint limit = timers_.now() + std::chrono::seconds(2);
    const std::shared_ptr<void> turn = co_await line_.take(limit);
    if (!turn) co_return std::nullopt;
    co_await sleep_until(timers_, next_);
    next_ = timers_.now() + std::chrono::milliseconds(2);
    const auto errand = std::make_shared<Errand<Answer>>();
    if (!closed()) send(errand, std::move(question));
    while (!errand->done.load(std::memory_order_acquire) && !closed() && timers_.now() < limit)
      co_await wait_until(timers_, answered_, std::min(limit, timers_.now() + std::chrono::milliseconds(20)));
    std::optional<Answer> answer;
    if (errand->done.load(std::memory_order_acquire)) {
      if (errand->error) std::rethrow_exception(errand->error);
      answer = std::move(errand->answer);
    }
    co_return answer;
  }

  /// There may be an answer.
  void bell_has_rung() { answered_.notify(); }

  /// From now on nothing is answered: the dispatcher's loop does not run any more. Any thread.
  void close() { closed_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_relaxed); }

 private:
  // Shared by both loops: the coroutine that asks may be gone when it is answered.
  template <typename Answer>
  struct Errand {
    std::optional<Answer> answer;
    std::exception_ptr error;
    std::atomic<bool> done{false};  ///< set last, by the dispatcher's loop
  };

  template <typename Answer, typename Question>
  void send(const std::shared_ptr<Errand<Answer>>& errand, Question question) {
    asio::post(there_, [errand, question = std::move(question), this]() mutable {
      try {
        errand->answer.emplace(question());
      } catch (...) {
        errand->error = std::current_exception();
      }
      errand->done.store(true, std::memory_order_release);
      bell_.ring();
    });
  }

  Loop& there_;
  TimerQueue& timers_;
  const Doorbell& bell_;
  Places line_;
  Signal answered_;
  TimePoint next_;
  std::atomic<bool> closed_{false};
};

}  // namespace coffees::admin
