// The one way from the admin port's threads to the loop: a question is carried over, its answer is a value.
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "loop.h"

namespace coffees::admin {

/// Carries questions to the loop, one at a time and at most one every 2 ms: however many observers ask, the
/// loop spends a few thousandths of its time on them. Any thread but the loop's.
class Bridge {
 public:
  explicit Bridge(Loop& loop) : loop_(loop) {}

  /// Runs `question()` on the loop and returns its result; nothing when the server is stopping or the loop
  /// has not come to it within two seconds. What the question refers to must be the loop's own or outlive it.
  template <typename Question>
  auto ask(Question question) -> std::optional<decltype(question())> {
    using Answer = decltype(question());
    const std::lock_guard one_at_a_time(gate_);
    std::this_thread::sleep_until(next_);
    next_ = SteadyClock::now() + std::chrono::milliseconds(2);
    if (closed()) return std::nullopt;
    // Shared: who asks may have given up when the loop comes to it.
    auto promise = std::make_shared<std::promise<Answer>>();
    std::future<Answer> answer = promise->get_future();
    asio::post(loop_, [promise, question = std::move(question)]() mutable {
      try {
        promise->set_value(question());
      } catch (...) {
        promise->set_exception(std::current_exception());
      }
    });
    for (int waited = 0; waited < 100 && !closed(); ++waited)
      if (answer.wait_for(std::chrono::milliseconds(20)) == std::future_status::ready) return answer.get();
    return std::nullopt;
  }

  /// From now on nothing is answered: the loop does not run any more.
  void close() { closed_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_relaxed); }

 private:
  Loop& loop_;
  std::mutex gate_;
  TimePoint next_;
  std::atomic<bool> closed_{false};
};

}  // namespace coffees::admin
