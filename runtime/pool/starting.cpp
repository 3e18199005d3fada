// A worker comes: for a request, or as a spare for min_warm and `warm`.
#include "pool/pool.h"

namespace coffees {

Task<StartResult> Pool::start_worker(WorkerNumber number, bool spare) {
  const TimePoint asked = timers_.now();
  records_[number].started = asked;
  log_.worker_starting(settings_.index, number, spare, asked);
  // Processes that are being killed are no workers any more, but the limit is on processes, too: wait for
  // their end, which takes a fraction of a millisecond. Not for ever: a function may lie about its processes.
  const TimePoint long_enough = timers_.now() + std::chrono::seconds(1);
  Deadline limit(timers_, [this] { corpse_gone_.notify(); });
  limit.arm(long_enough);
  while (roster_.count(WorkerState::stopping) > 0 &&
         snapshot().workers() + roster_.count(WorkerState::stopping) > settings_.rules.limit && !closed_ &&
         timers_.now() < long_enough)
    co_await corpse_gone_.wait();
  limit.disarm();
  StartResult result;
  if (closed_)
    result.failure = Outcome::failure(Outcome::Kind::draining, "the server is stopping");
  else
    result = co_await source_->start(number);
  const TimePoint now = timers_.now();
  if (!result.worker) {
    roster_.failed(number);
    records_.erase(number);
    log_.worker_stopped(settings_.index, number, events::StopReason::start_failed,
                        {.lifetime = (now - asked).count()}, {}, now);
    result.failure.retry_after = std::chrono::seconds(1);
    co_return result;
  }
  if (closed_) result.worker->kill();
  log_.worker_ready(settings_.index, number,
                    {.pid = result.worker->pid(),
                     .boot = result.cold_start.boot.count(),
                     .init = result.cold_start.init.count()},
                    now);
  Record& record = records_[number];
  record.worker = std::move(result.worker);
  record.ready = now;
  record.since = now;
  co_return result;
}

Task<Acquired> Pool::start_for_request(TimePoint arrived, WorkerNumber number,
                                       CircuitBreaker::Permit& permit) {
  Timing timing{.queue = timers_.now() - arrived};
  StartResult result = co_await start_worker(number, false);
  if (!records_.contains(number)) {
    if (result.failure.kind == Outcome::Kind::init_failed)
      permit.failure(since_origin(timers_.now()), result.failure.message);
    settle();  // the place is free for a request that waits
    co_return std::move(result.failure);
  }
  timing.boot = result.cold_start.boot;
  timing.init = result.cold_start.init;
  roster_.ready_busy(number);
  co_return Lease(*this, number, std::move(permit), true, timing);
}

Task<> Pool::start_spare(WorkerNumber number) {
  const StartResult result = co_await start_worker(number, true);
  if (!records_.contains(number)) {
    if (result.failure.kind == Outcome::Kind::init_failed)
      breaker_.failure(since_origin(timers_.now()), result.failure.message);
    // Nobody waits for it, so there is time: a start that fails at once must not be repeated at once.
    spares_again_ = timers_.now() + std::chrono::seconds(1);
    settle();
    co_return;
  }
  const TimePoint now = timers_.now();
  roster_.ready_idle(number, since_origin(now));
  log_.worker_idle(settings_.index, number, Duration(0), now);
  if (records_[number].process_ended || closed_) {
    retire(number, closed_ ? events::StopReason::shutdown : events::StopReason::crash);
    co_return;
  }
  if (records_[number].unwanted) retire(number, events::StopReason::user);
  settle();
}

}  // namespace coffees
