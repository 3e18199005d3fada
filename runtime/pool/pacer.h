// How many quick invocations may run at once: pure bookkeeping, no clock, no loop.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace coffees {

/// More short computations at once than there are processors finish no sooner; each only wakes one more
/// process, and waking costs more than computing. So requests for a function whose invocations have lately
/// been short and did not wait for anything are handed over a few at a time, to workers that are still awake
/// from the last one. Whoever waits does so for microseconds, and never when the invocations sleep, or take
/// long.
class Pacer {
 public:
  using Time = std::chrono::nanoseconds;
  static constexpr Time kShort = std::chrono::microseconds(500);  ///< CPU time of a quick invocation
  /// Invocations that cost less than a request costs the dispatcher: one worker keeps up with them, and it
  /// need not even fall asleep in between, if it is handed the next ones while it is at work. Measured on two
  /// processors at 16 connections: 4 at once gave 60,000 requests a second, one at a time 87,000, for half of
  /// the processor time.
  static constexpr Time kTiny = std::chrono::microseconds(20);
  /// When an invocation takes so long, they are not as quick as they were: nobody waits any more. The pool
  /// looks at the clock.
  static constexpr Time kPatience = std::chrono::milliseconds(1);

  /// `processors` of this machine. Two for each: one runs while the other's answer is on its way.
  explicit Pacer(unsigned processors) : most_(2 * processors) {}

  /// A mark for one invocation, to be given back with its answer.
  using Mark = std::uint64_t;
  Mark handed_over() {
    ++running_;
    return epoch_;
  }
  /// It is over. `waited`: it slept, or failed. `cpu`: what it took.
  void over(Mark mark, bool waited, Time cpu) {
    if (mark == epoch_) --running_;
    cost_ += (std::min(cpu, kShort) - cost_) / 8;
    quick_in_a_row_ = waited || cpu >= kShort ? 0 : std::min(quick_in_a_row_ + 1, kTrusted);
  }
  /// The invocations have lately been quick.
  [[nodiscard]] bool trusts() const { return quick_in_a_row_ == kTrusted; }
  /// So quick that one may be handed to a worker that has not answered yet.
  [[nodiscard]] bool tiny() const { return trusts() && cost_ < kTiny; }
  /// So many of them run that another one had better wait. `can_follow`: or be handed over behind one of
  /// them.
  [[nodiscard]] bool crowded(bool can_follow) const {
    return trusts() && running_ >= (tiny() && can_follow ? 1 : most_);
  }
  /// One has taken too long: those that run now do not count any more.
  void give_up() {
    ++epoch_;
    running_ = 0;
    quick_in_a_row_ = 0;
  }

 private:
  static constexpr unsigned kTrusted = 16;  ///< one that was not quick is enough to let everybody run
  unsigned most_;
  unsigned running_ = 0;
  unsigned quick_in_a_row_ = 0;
  Time cost_ = kTiny;  ///< lately, on the average
  Mark epoch_ = 0;
};

}  // namespace coffees
