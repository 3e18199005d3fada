#include "deadlines.h"

namespace coffees {

void Deadlines::added(TimePoint when) {
  if (when < armed_for_) arm_timer(when);
}

// A deadline that was disarmed leaves the timer as it is: waking up once too often is cheaper than a system
// call for every request.
void Deadlines::arm_timer(TimePoint when) {
  armed_for_ = when;
  timer_.expires_at(when);
  timer_.async_wait([this](const ErrorCode& error) {
    if (!error) on_timer();
  });
}

void Deadlines::on_timer() {
  armed_for_ = TimePoint::max();
  while (!queue_.empty() && queue_.begin()->first <= Clock::now()) {
    Deadline& due = *queue_.begin()->second;
    due.disarm();
    due.on_expiry_();
  }
  if (!queue_.empty()) added(queue_.begin()->first);
}

Deadline::Deadline(Deadlines& owner, std::function<void()> on_expiry)
    : owner_(owner), on_expiry_(std::move(on_expiry)) {
  Deadlines::Queue one;
  one.emplace(TimePoint(), this);
  spare_ = one.extract(one.begin());
}

void Deadline::arm(TimePoint when) {
  disarm();
  spare_.key() = when;
  position_ = owner_.queue_.insert(std::move(spare_));
  armed_ = true;
  owner_.added(when);
}

void Deadline::disarm() {
  if (!armed_) return;
  spare_ = owner_.queue_.extract(position_);
  armed_ = false;
}

}  // namespace coffees
