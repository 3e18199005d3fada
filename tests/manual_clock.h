// Time that passes when a test says so.
#pragma once

#include "timer_queue.h"

namespace coffees::test {

/// A clock that stands still until it is moved on.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint(passed_); }
  [[nodiscard]] Duration since_1970() const override { return kBegin + passed_; }
  void pass(Duration time) { passed_ += time; }

 private:
  static constexpr Duration kBegin = std::chrono::hours(24 * 365 * 50);
  Duration passed_ = std::chrono::hours(1);
};

}  // namespace coffees::test
