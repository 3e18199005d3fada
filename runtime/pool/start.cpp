// WorkerPool: a worker is started, for a request or as a spare for min_warm and `warm`.
#include "pool/worker_pool.h"
#include "refusals.h"

namespace coffees {
namespace {

// A start waits for dying processes this long at most: a function may lie about its processes.
constexpr auto kWaitForDying = std::chrono::seconds(1);
// Before the next spare is started after one has failed.
constexpr auto kPauseAfterFailedSpare = std::chrono::seconds(1);

}  // namespace

// Dying processes still count against the limit. They take a fraction of a millisecond.
Task<> WorkerPool::wait_for_dying_processes() {
  const auto over_limit = [this] {
    const std::size_t dying = workers_.count(WorkerState::stopping);
    return dying > 0 && snapshot().workers() + dying > settings().rules.limit && !progress_.closed;
  };
  if (!over_limit()) co_return;
  const TimePoint end = timers_.now() + kWaitForDying;
  Deadline limit(timers_, [this] { starts_.process_ended.notify(); });
  limit.arm(end);
  while (over_limit() && timers_.now() < end) co_await starts_.process_ended.wait();
}

// The worker is gone when this returns with a failure.
Task<StartResult> WorkerPool::start_worker(WorkerRecord& worker, bool spare) {
  worker.times.started = timers_.now();
  log_.worker_starting(settings().index, worker.number, spare, worker.times.started);
  co_await wait_for_dying_processes();
  StartResult result;
  if (progress_.closed)
    result.failure = refused_as_draining();
  else
    result = co_await source_->start(worker.number);
  const TimePoint now = timers_.now();
  if (!result.worker) {
    log_.worker_stopped(settings().index, worker.number, events::StopReason::start_failed,
                        {.lifetime = (now - worker.times.started).count()}, {}, now);
    workers_.become(worker, WorkerState::gone);
    result.failure.retry_after = std::chrono::seconds(1);
    co_return result;
  }
  if (progress_.closed) result.worker->kill();
  log_.worker_ready(settings().index, worker.number,
                    {.pid = result.worker->pid(),
                     .boot = result.cold_start.boot.count(),
                     .init = result.cold_start.init.count()},
                    now);
  worker.worker = std::move(result.worker);
  worker.times.ready = worker.times.reported = now;
  worker.cold_start = result.cold_start;
  co_return result;
}

Task<Acquired> WorkerPool::start_for_request(WorkerRecord& worker, Ticket& ticket) {
  const Duration waited = timers_.now() - ticket.arrived;
  StartResult result = co_await start_worker(worker, false);
  if (result.failure.kind != Outcome::Kind::ok) {
    if (result.failure.kind == Outcome::Kind::init_failed)
      ticket.permit->failure(since_origin(timers_.now()), result.failure.message);
    reconcile();  // the place is free for a request that waits
    co_return std::move(result.failure);
  }
  workers_.become(worker, WorkerState::busy);
  ++worker.leases;
  Loan loan{.worker = &worker, .ticket = &ticket, .kind = Loan::Kind::cold, .turn_began = timers_.now()};
  loan.timing = {.queue = waited, .boot = result.cold_start.boot, .init = result.cold_start.init};
  co_return Lease(*this, loan);
}

Task<> WorkerPool::start_spare(WorkerRecord& worker) {
  const StartResult result = co_await start_worker(worker, true);
  if (result.failure.kind != Outcome::Kind::ok) {
    if (result.failure.kind == Outcome::Kind::init_failed)
      breaker_.failure(since_origin(timers_.now()), result.failure.message);
    // No request waits for it, so back off before the next attempt.
    starts_.next_spare = timers_.now() + kPauseAfterFailedSpare;
  } else {
    workers_.become(worker, WorkerState::idle);
    log_.worker_idle(settings().index, worker.number, Duration(0), timers_.now());
    worker.reported = WorkerState::idle;
    if (progress_.closed)
      retire(worker, events::StopReason::shutdown);
    else if (worker.end.process_ended || worker.end.reason)
      retire(worker, events::StopReason::crash);
  }
  reconcile();
}

}  // namespace coffees
