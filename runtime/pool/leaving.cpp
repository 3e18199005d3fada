// A worker is given back, retires or dies, until its process is gone.
#include <algorithm>
#include <boost/asio/post.hpp>

#include "pool/pool.h"

namespace coffees {

void Pool::release(WorkerNumber number, Use use, bool reusable, bool spent, events::StopReason reason) {
  using events::StopReason;
  const TimePoint now = timers_.now();
  Record& record = records_[number];
  std::erase(quick_, number);
  const bool worn_out =
      !settings_.reuse || (settings_.max_requests != 0 && record.served >= settings_.max_requests);
  const bool stays = reusable && !worn_out && !spent && !record.process_ended && !record.unwanted && !closed_;
  if (!stays || record.holds || !pacer_.tiny()) take_back(record);
  if (!record.followers.empty()) {
    // The worker is at the next one already.
    if (!reusable) {
      if (!record.reason) record.reason = reason;
      kill_soon(number);
    }
    go_on_with_next(number);
    return;
  }
  if (!stays) {
    if (reusable && !spent) {
      reason = worn_out ? StopReason::max_requests : StopReason::crash;
      if (record.unwanted) reason = StopReason::user;
      if (closed_) reason = StopReason::shutdown;
    }
    retire(number, reason);
  } else {
    roster_.give_back(number, since_origin(now));
    // One that was idle and got no request has been idle all the time.
    if (use != Use::none) {
      const Duration was_busy = use == Use::one ? now - record.since : Duration(0);
      log_.worker_idle(settings_.index, number, was_busy, now);
      record.since = now;
    }
  }
  settle();
  let_others_go();
}

void Pool::retire(WorkerNumber number, events::StopReason reason) {
  const bool was_idle = roster_.state(number) == WorkerState::idle;
  roster_.stop(number);
  Record& record = records_[number];
  record.was_idle = was_idle;
  if (!record.reason) record.reason = reason;
  const TimePoint now = timers_.now();
  const Duration stretch = now - record.since;
  log_.worker_stopping(settings_.index, number, *record.reason, was_idle ? stretch : Duration(0),
                       was_idle ? Duration(0) : stretch, now);
  if (record.process_ended) {
    gone(number);
    return;
  }
  kill_soon(number);
}

// In the next turn: the answer that this one writes goes out before the kill.
void Pool::kill_soon(WorkerNumber number) {
  asio::post(loop_, [this, number] {
    const auto found = records_.find(number);
    if (found != records_.end()) found->second.worker->kill();
  });
}

// Stopping and reaped: forgotten.
void Pool::gone(WorkerNumber number) {
  const TimePoint now = timers_.now();
  const Record& record = records_[number];
  log_.worker_stopped(settings_.index, number, *record.reason,
                      {.lifetime = (now - record.started).count(),
                       .served = record.served,
                       .was_idle = record.was_idle ? 1U : 0U},
                      *record.reason == events::StopReason::crash ? record.how_it_ended : "", now);
  roster_.reaped(number);
  records_.erase(number);
}

void Pool::process_ended(WorkerNumber number, const std::string& how) {
  const auto record = records_.find(number);
  if (record == records_.end()) return;
  record->second.process_ended = true;
  record->second.how_it_ended = how;
  switch (roster_.state(number)) {
    case WorkerState::idle:
      retire(number, events::StopReason::crash);
      settle();
      break;
    case WorkerState::stopping:
      gone(number);
      corpse_gone_.notify();
      settle();
      break;
    case WorkerState::starting:
    case WorkerState::busy:
    case WorkerState::gone:
      break;  // whoever uses it learns it from the worker itself
  }
}

void Pool::close() {
  closed_ = true;
  timer_.disarm();
  for (Waiter* waiter : std::exchange(queue_, {})) waiter->decided.notify();
  while (roster_.count(WorkerState::idle) > 0) retire(roster_.longest_idle(), events::StopReason::shutdown);
  for (auto& [number, record] : records_)
    if (record.worker) record.worker->kill();
  corpse_gone_.notify();
  let_others_go();
}

}  // namespace coffees
