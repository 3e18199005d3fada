// WorkerPool: what the scaling policy decides after each change, carried out.
#include <algorithm>

#include "planted_bug.h"
#include "pool/worker_pool.h"

namespace coffees {

void WorkerPool::reconcile(Trigger trigger) {
  if (progress_.closed) return;
  scaler::Policy& policy = *function_.policy;
  while (true) {
    queue_.drop_left_at_front();
    const scaler::Time now = since_origin(timers_.now());
    const scaler::Step step =
        trigger == Trigger::timer ? policy.on_timer(snapshot(), now) : policy.on_completion(snapshot(), now);
    if (step == scaler::Step::none) break;
    // Do not retry a failing spare until a request has succeeded.
    if (step == scaler::Step::start_spare && (breaker_.is_open() || timers_.now() < starts_.next_spare))
      break;
    apply(step);
  }
#ifndef NDEBUG
  workers_.verify();
#endif
  const TimePoint spares = starts_.next_spare > timers_.now() ? starts_.next_spare : TimePoint::max();
  const TimePoint wake = std::min(TimePoint(policy.wake_at(snapshot())), spares);
  if (wake == TimePoint::max() || planted("immortal-idle"))
    alarms_.reconcile.disarm();
  else
    alarms_.reconcile.arm(wake);
}

void WorkerPool::apply(scaler::Step step) {
  const TimePoint now = timers_.now();
  switch (step) {
    case scaler::Step::none:
      break;
    case scaler::Step::dispatch:
      queue_.decide_front(Reason::worker, Verdict::worker, reserve_idle().number);
      break;
    case scaler::Step::start:
      queue_.decide_front(Reason::worker, Verdict::start, workers_.add(settings().generation, now).number);
      break;
    case scaler::Step::start_spare:
      spawn_detached(loop_.get_executor(), start_spare(workers_.add(settings().generation, now)));
      break;
    case scaler::Step::retire:
      retire(workers_.longest_idle(), events::StopReason::idle);
      break;
  }
}

}  // namespace coffees
