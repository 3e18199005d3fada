// How many quick invocations may run at once: pure bookkeeping, no clock, no loop.
#pragma once

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
  /// When no answer has come for so long, the invocations are not as quick as they were: nobody waits any
  /// more.
  static constexpr Time kPatience = std::chrono::milliseconds(1);

  /// `processors` of this machine. Two for each: one runs while the other's answer is on its way. Measured on
  /// two processors at 16 connections: 2 at once gave 52,000 requests a second, 4 gave 63,000, any number
  /// 63,000 for a fifth more processor time.
  explicit Pacer(unsigned processors) : most_(2 * processors) {}

  /// A mark for one invocation, to be given back with its answer.
  using Mark = std::uint64_t;
  Mark handed_over() {
    ++running_;
    return epoch_;
  }
  /// It is over. `quick`: it answered, used little CPU time and did not wait for anything.
  void over(Mark mark, bool quick) {
    if (mark == epoch_) --running_;
    quick_in_a_row_ = quick ? (quick_in_a_row_ < kTrusted ? quick_in_a_row_ + 1 : kTrusted) : 0;
  }
  /// May another one be handed over now?
  [[nodiscard]] bool crowded() const { return quick_in_a_row_ == kTrusted && running_ >= most_; }
  /// kPatience has passed without an answer: those that run now do not count any more.
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
  Mark epoch_ = 0;
};

}  // namespace coffees
