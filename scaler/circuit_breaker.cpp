#include "scaler/circuit_breaker.h"

#include <algorithm>

#include "planted_bug.h"

namespace coffees::scaler {
namespace {
constexpr CircuitBreaker::Time kFirstPause = std::chrono::seconds(1);
constexpr CircuitBreaker::Time kLongestPause = std::chrono::seconds(30);
}  // namespace

std::optional<CircuitBreaker::Permit> CircuitBreaker::try_pass(Time now) {
  if (state_ == State::closed) return Permit(*this, 0);
  if (state_ == State::half_open || now < next_trial_) return std::nullopt;
  ++trials_;
  become(State::half_open);
  return Permit(*this, trials_);
}

CircuitBreaker::Permit::~Permit() {
  if (breaker_ != nullptr && is_the_trial() && !planted("dropped-permit")) breaker_->become(State::open);
}

void CircuitBreaker::Permit::success() {
  CircuitBreaker* breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return;
  breaker->failures_ = 0;
  breaker->become(State::closed);
}

void CircuitBreaker::Permit::failure(Time now, std::string cause) {
  if (breaker_ == nullptr) return;
  const bool was_trial = is_the_trial();
  CircuitBreaker* breaker = std::exchange(breaker_, nullptr);
  breaker->failure(now, std::move(cause));
  if (!was_trial) return;
  breaker->pause_ = std::min(breaker->pause_ * 2, kLongestPause);
  breaker->next_trial_ = now + breaker->pause_;
  breaker->become(State::open);
}

// Failures of what was under way when it opened do not lengthen the pause: only trials do.
void CircuitBreaker::failure(Time now, std::string cause) {
  last_cause_ = std::move(cause);
  ++failures_;
  if (state_ != State::closed || failures_ < kFailuresToOpen) return;
  pause_ = kFirstPause;
  next_trial_ = now + pause_;
  become(State::open);
}

void CircuitBreaker::become(State state) {
  if (std::exchange(state_, state) != state && on_change_) on_change_(state);
}

CircuitBreaker::Time CircuitBreaker::pause_left(Time now) const {
  return std::max(next_trial_ - now, Time(0));
}

}  // namespace coffees::scaler
