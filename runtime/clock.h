// What time it is: of the machine, or of a test.
#pragma once

#include <chrono>

namespace coffees {

/// The time that everything on the loop is measured and dated in.
using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
using Duration = std::chrono::nanoseconds;

/// Tells the time. The dispatcher's parts ask it, and no clock of their own, so that a test can run them in a
/// time of its own making. Loop thread only.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// Never goes back.
  [[nodiscard]] virtual TimePoint now() const = 0;
  /// The time of day, counted from the beginning of 1970 (UTC). It may be set, and go back.
  [[nodiscard]] virtual Duration since_1970() const = 0;
};

/// The machine's.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return SteadyClock::now(); }
  [[nodiscard]] Duration since_1970() const override {
    return std::chrono::system_clock::now().time_since_epoch();
  }
};

}  // namespace coffees
