#include "pool/circuit_breaker.h"

#include <algorithm>

namespace coffees {
namespace {
constexpr CircuitBreaker::Time kFirstPause = std::chrono::seconds(1);
constexpr CircuitBreaker::Time kLongestPause = std::chrono::seconds(30);
}  // namespace

std::optional<CircuitBreaker::Permit> CircuitBreaker::try_pass(Time now) {
  if (!open_) return Permit(*this, false);
  if (trial_running_ || now < next_trial_) return std::nullopt;
  trial_running_ = true;
  return Permit(*this, true);
}

CircuitBreaker::Permit::~Permit() {
  if (breaker_ != nullptr && is_trial_) breaker_->trial_running_ = false;
}

void CircuitBreaker::Permit::success() {
  if (CircuitBreaker* breaker = std::exchange(breaker_, nullptr)) breaker->close();
}

void CircuitBreaker::Permit::failure(Time now, std::string cause) {
  CircuitBreaker* breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return;
  if (is_trial_ && breaker->open_) {
    breaker->trial_running_ = false;
    breaker->pause_ = std::min(breaker->pause_ * 2, kLongestPause);
    breaker->next_trial_ = now + breaker->pause_;
  }
  breaker->failure(now, std::move(cause));
}

// Failures of what was under way when it opened do not lengthen the pause: only trials do.
void CircuitBreaker::failure(Time now, std::string cause) {
  last_cause_ = std::move(cause);
  ++failures_;
  if (open_ || failures_ < kFailuresToOpen) return;
  open_ = true;
  pause_ = kFirstPause;
  next_trial_ = now + pause_;
}

// Also ends a trial: there is nothing left to try.
void CircuitBreaker::close() {
  failures_ = 0;
  open_ = false;
  trial_running_ = false;
}

CircuitBreaker::Time CircuitBreaker::pause_left(Time now) const {
  return std::max(next_trial_ - now, Time(0));
}

}  // namespace coffees
