#include "timer_queue.h"

namespace coffees {

// Disarming a deadline leaves the alarm as it is: an alarm too many costs less than a system call per
// request.
void TimerQueue::added(TimePoint when) {
  if (!alarm_ || when >= alarm_time_) return;
  alarm_time_ = when;
  alarm_->expires_at(when);
  alarm_->async_wait([this](const ErrorCode& error) {
    if (error) return;
    alarm_time_ = TimePoint::max();
    run_due();
  });
}

void TimerQueue::run_due() {
  while (!queue_.empty() && queue_.begin()->first <= now()) {
    Deadline& due = *queue_.begin()->second;
    due.disarm();
    due.on_expiry_();
  }
  if (!queue_.empty()) added(queue_.begin()->first);
}

Deadline::Deadline(TimerQueue& owner, std::function<void()> on_expiry)
    : owner_(owner), on_expiry_(std::move(on_expiry)) {
  TimerQueue::Queue one;
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

Task<bool> wait_until(TimerQueue& timers, Signal& signal, TimePoint when) {
  bool in_time = true;
  Deadline limit(timers, [&] {
    in_time = false;
    signal.notify();
  });
  limit.arm(when);
  co_await signal.wait();
  co_return in_time;
}

Task<> sleep_until(TimerQueue& timers, TimePoint when) {
  const Executor executor = co_await asio::this_coro::executor;
  Signal never(executor);
  co_await wait_until(timers, never, when);
}

}  // namespace coffees
