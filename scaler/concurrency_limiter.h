// How many invocations of a fast function run at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace coffees::scaler {

/// More short computations at once than there are processors finish no sooner: each only wakes one more
/// process, and waking costs more than computing. So invocations of a function that have lately been short,
/// and did not wait for anything, are limited to a few at a time. Requests wait for microseconds, and never
/// when invocations sleep or take long.
class ConcurrencyLimiter {
 public:
  using Time = std::chrono::nanoseconds;
  /// Processor time of a fast invocation, at most.
  static constexpr Time kFast = std::chrono::microseconds(500);
  /// Below this an invocation costs less than its request costs the dispatcher. One worker keeps up with
  /// them, and need not fall asleep in between if it is handed the next ones while it runs. Measured on two
  /// processors at 16 connections: 4 at once gave 60,000 requests a second, one at a time 87,000 for half of
  /// the processor time.
  static constexpr Time kTiny = std::chrono::microseconds(20);
  /// If an invocation takes this long, the function is no longer fast; the pool calls reset().
  static constexpr Time kPatience = std::chrono::milliseconds(1);

  /// An invocation that counts against the limit.
  struct Running {
    std::uint32_t worker = 0;
    Time began{0};
  };
  /// What an invocation turned out to be.
  struct Cost {
    Time cpu{0};
    bool waited = false;   ///< it slept, or failed
    bool printed = false;  ///< into its log
  };

  /// `processors` of this machine. Two invocations for each: one runs while the other's answer is on its way.
  explicit ConcurrencyLimiter(unsigned processors) : limit_(2 * processors) {}

  /// A worker, by its number, begins with an invocation.
  void begin(std::uint32_t worker, Time now) { running_.push_back({worker, now}); }
  /// It has ended.
  void finish(std::uint32_t worker, const Cost& cost) {
    std::erase_if(running_, [worker](const Running& one) { return one.worker == worker; });
    cost_ += (std::min(cost.cpu, kFast) - cost_) / 8;
    fast_in_a_row_ = cost.waited || cost.cpu >= kFast ? 0 : std::min(fast_in_a_row_ + 1, kEnough);
    prints_ = cost.printed;
  }
  /// The last invocations were fast.
  [[nodiscard]] bool is_fast() const { return fast_in_a_row_ == kEnough; }
  /// They were so short that one may be handed to a worker that has not answered yet. Not if they print: the
  /// lines of two invocations could not be told apart.
  [[nodiscard]] bool can_pipeline() const { return is_fast() && cost_ < kTiny && !prints_; }
  /// True when another invocation has to wait. `pipelined`: unless it is handed over behind one that runs.
  [[nodiscard]] bool at_limit(bool pipelined) const {
    return is_fast() && running_.size() >= (pipelined ? 1 : limit_);
  }
  /// In the order in which they began.
  [[nodiscard]] const std::vector<Running>& running() const { return running_; }
  /// One has taken too long: nothing is limited before the function has shown again that it is fast.
  void reset() {
    running_.clear();
    fast_in_a_row_ = 0;
  }

 private:
  static constexpr unsigned kEnough = 16;  ///< a single one that is not fast ends the limit
  unsigned limit_;
  std::vector<Running> running_;
  unsigned fast_in_a_row_ = 0;
  Time cost_ = kTiny;   ///< moving average
  bool prints_ = true;  ///< the last one did
};

}  // namespace coffees::scaler
