// What the scaler decides after each change, carried out.
#include <algorithm>

#include "pool/pool.h"

namespace coffees {

void Pool::settle(Occasion occasion) {
  if (closed_) return;
  while (true) {
    while (!queue_.empty() && drop_if_left(*queue_.front())) {
    }
    const scaler::Time now = since_origin(timers_.now());
    const scaler::Step step = occasion == Occasion::timer ? policy_->on_timer(snapshot(), now)
                                                          : policy_->on_completion(snapshot(), now);
    if (step == scaler::Step::none) break;
    // A spare that keeps dying is not tried again before a request has shown that the function is well.
    if (step == scaler::Step::start_spare && (breaker_.is_open() || timers_.now() < spares_again_)) break;
    carry_out(step);
  }
#ifndef NDEBUG
  roster_.verify();
#endif
  const TimePoint spares = spares_again_ > timers_.now() ? spares_again_ : TimePoint::max();
  const TimePoint wake = std::min(TimePoint(policy_->wake_at(snapshot())), spares);
  if (wake == TimePoint::max())
    timer_.disarm();
  else
    timer_.arm(wake);
}

void Pool::carry_out(scaler::Step step) {
  switch (step) {
    case scaler::Step::none:
      break;
    case scaler::Step::dispatch:
      grant_front(Waiter::Grant::worker, *roster_.take_idle());
      break;
    case scaler::Step::start:
      grant_front(Waiter::Grant::start, roster_.add());
      break;
    case scaler::Step::start_spare:
      spawn_detached(loop_.get_executor(), start_spare(roster_.add()));
      break;
    case scaler::Step::retire:
      retire(roster_.longest_idle(), events::StopReason::idle);
      break;
  }
}

void Pool::grant_front(Waiter::Grant grant, WorkerNumber worker) {
  Waiter* waiter = queue_.front();
  queue_.pop_front();
  waiter->grant = grant;
  waiter->worker = worker;
  waiter->decided.notify();
}

}  // namespace coffees
