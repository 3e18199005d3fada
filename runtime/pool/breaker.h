// Stops a function whose workers keep dying from burning the machine: pure, `now` is an argument.
#pragma once

#include <chrono>
#include <string>

namespace coffees {

/// Opens after kDeathsToOpen deaths in a row without one success between. While open, requests are refused at
/// once, but for one trial when the pause is over; the pause grows 1, 2, 4, ... 30 s from trial to trial. A
/// success closes it.
class Breaker {
 public:
  using Time = std::chrono::nanoseconds;
  static constexpr int kDeathsToOpen = 5;

  /// May a request be served now? A `true` while open makes that request the trial: its result must be told.
  bool allow(Time now);
  /// A worker answered.
  void success();
  /// A worker, or the start of one, died of `cause`.
  void death(Time now, std::string cause);
  /// An invocation ended without telling whether the function is well (a timeout, a client that left).
  void no_verdict();

  [[nodiscard]] bool is_open() const { return open_; }
  [[nodiscard]] const std::string& last_cause() const { return last_cause_; }
  /// How long until the next trial; zero when one is allowed now.
  [[nodiscard]] Time pause_left(Time now) const;

 private:
  int deaths_ = 0;
  bool open_ = false;
  bool trial_running_ = false;
  Time pause_{0};
  Time next_trial_{0};
  std::string last_cause_;
};

}  // namespace coffees
