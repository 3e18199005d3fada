// WorkerPool: a worker is given back, drains, retires or dies, until its process is gone.
#include <boost/asio/post.hpp>

#include "planted_bug.h"
#include "pool/worker_pool.h"

namespace coffees {

using events::StopReason;

std::optional<StopReason> WorkerPool::reason_to_stop(const Loan& loan) const {
  const WorkerRecord& worker = *loan.worker;
  if (loan.stop) return loan.stop;
  if (progress_.closed) return StopReason::shutdown;
  if (worker.end.reason && !planted("drain-forgotten")) return worker.end.reason;
  if (worker.served > 0 && !settings().reuse) return StopReason::max_requests;
  if (settings().max_requests != 0 && worker.served >= settings().max_requests)
    return StopReason::max_requests;
  if (worker.end.process_ended) return StopReason::crash;
  return std::nullopt;
}

void WorkerPool::release(Loan& loan) {
  WorkerRecord& worker = *loan.worker;
  // The next request of this worker may end within begin_next(): its release is within this one.
  const bool outermost = !std::exchange(progress_.releasing, true);
  const std::optional<StopReason> stop = reason_to_stop(loan);
  // What is revoked ends within the call, and is released before this one.
  if (worker.leases > 1 && loan.turn_ended && (stop || !limiter_.can_pipeline()))
    worker.worker->revoke_unstarted();
  --worker.leases;
  if (worker.leases > 0) {
    if (loan.turn_ended) go_on_with_next(worker, loan, stop);
  } else if (stop) {
    retire(worker, *stop);
    reconcile();
  } else {
    become_idle(worker);
    if (!planted("lost-wakeup")) reconcile();
  }
  if (!outermost) return;
  progress_.releasing = false;
  // Only now: between two turns of a worker none seems to run.
  admit_waiting();
}

// The worker has begun with it already.
void WorkerPool::go_on_with_next(WorkerRecord& worker, const Loan& loan, std::optional<StopReason> stop) {
  if (stop) drain(worker, *stop);
  if (loan.kill) kill_soon(worker);
  worker.worker->begin_next();
}

// A worker whose lease was not used has not been told as busy: it was idle all the time.
void WorkerPool::become_idle(WorkerRecord& worker) {
  if (worker.reported != WorkerState::idle && !planted("untold-idle")) {
    const TimePoint now = timers_.now();
    const bool was_busy = worker.reported == WorkerState::busy;
    log_.worker_idle(settings().index, worker.number, was_busy ? now - worker.times.reported : Duration(0),
                     now);
    worker.reported = WorkerState::idle;
    worker.times.reported = now;
  }
  workers_.become(worker, WorkerState::idle);
}

// It serves what it was handed, and nothing after that.
void WorkerPool::drain(WorkerRecord& worker, StopReason reason) {
  if (!worker.end.reason) worker.end.reason = reason;
  if (worker.state != WorkerState::busy || worker.reported != WorkerState::busy) return;
  workers_.become(worker, WorkerState::draining);
  log_.worker_draining(settings().index, worker.number, *worker.end.reason, timers_.now());
}

void WorkerPool::retire(WorkerRecord& worker, StopReason reason) {
  if (!worker.end.reason) worker.end.reason = reason;
  const TimePoint now = timers_.now();
  const Duration lasted = now - worker.times.reported;
  log_.worker_stopping(settings().index, worker.number, *worker.end.reason,
                       worker.reported == WorkerState::idle ? lasted : Duration(0),
                       worker.reported == WorkerState::busy ? lasted : Duration(0), now);
  workers_.become(worker, WorkerState::stopping);
  if (worker.end.process_ended || planted("early-forget"))
    forget(worker);
  else if (!planted("no-kill"))
    kill_soon(worker);
}

// In the next turn: the answer that this one writes goes out before the kill.
void WorkerPool::kill_soon(WorkerRecord& worker) {
  worker.end.killed = true;
  asio::post(loop_, [this, number = worker.number] {
    if (const WorkerRecord* found = workers_.find(number)) found->worker->kill();
  });
}

// Stopping, and its process has ended.
void WorkerPool::forget(WorkerRecord& worker) {
  const TimePoint now = timers_.now();
  const StopReason reason = *worker.end.reason;
  log_.worker_stopped(settings().index, worker.number, reason,
                      {.lifetime = (now - worker.times.started).count(),
                       .served = worker.served,
                       .was_idle = worker.reported == WorkerState::busy ? 0U : 1U},
                      reason == StopReason::crash ? worker.end.how : "", now);
  workers_.become(worker, WorkerState::gone);
}

// A worker that starts or serves tells the coroutine that uses it.
void WorkerPool::process_ended(WorkerNumber number, const std::string& how) {
  WorkerRecord* worker = workers_.find(number);
  if (worker == nullptr) return;
  worker->end.process_ended = true;
  worker->end.how = how;
  if (worker->state == WorkerState::idle) {
    retire(*worker, StopReason::crash);
    reconcile();
  } else if (worker->state == WorkerState::stopping) {
    forget(*worker);
    starts_.process_ended.notify();
    reconcile();
  }
}

}  // namespace coffees
