#include "pool/breaker.h"

#include <algorithm>

namespace coffees {
namespace {
constexpr Breaker::Time kFirstPause = std::chrono::seconds(1);
constexpr Breaker::Time kLongestPause = std::chrono::seconds(30);
}  // namespace

bool Breaker::allow(Time now) {
  if (!open_) return true;
  if (trial_running_ || now < next_trial_) return false;
  trial_running_ = true;
  return true;
}

void Breaker::success() {
  deaths_ = 0;
  open_ = false;
  trial_running_ = false;
}

void Breaker::death(Time now, std::string cause) {
  last_cause_ = std::move(cause);
  ++deaths_;
  if (deaths_ < kDeathsToOpen) return;
  // Deaths of invocations that were under way when it opened must not lengthen the pause: only trials do.
  if (open_ && !trial_running_) return;
  pause_ = open_ ? std::min(pause_ * 2, kLongestPause) : kFirstPause;
  open_ = true;
  trial_running_ = false;
  next_trial_ = now + pause_;
}

void Breaker::no_verdict() { trial_running_ = false; }

Breaker::Time Breaker::pause_left(Time now) const { return std::max(next_trial_ - now, Time(0)); }

}  // namespace coffees
