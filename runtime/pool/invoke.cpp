// WorkerPool: one invocation on a worker that is on loan.
#include <algorithm>

#include "diagnostics/diagnostics.h"
#include "pool/worker_pool.h"
#include "refusals.h"

namespace coffees {
namespace {

using events::StopReason;

// Why a worker has to go after such an outcome; nothing if it can stay.
std::optional<StopReason> reason_to_stop_after(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::ok:
    case Outcome::Kind::handler_error:
    case Outcome::Kind::over_budget:
      if (outcome.usage.left_children) return StopReason::children;
      if (outcome.usage.unfit) return StopReason::unfit;
      return std::nullopt;
    case Outcome::Kind::timeout:
      return StopReason::timeout;
    case Outcome::Kind::out_of_memory:
      return StopReason::memory;
    case Outcome::Kind::protocol_error:
    case Outcome::Kind::response_too_large:
      return StopReason::protocol;
    case Outcome::Kind::client_gone:
      return StopReason::client_gone;
    default:
      return StopReason::crash;
  }
}

// Whether the worker did what it was there for, whatever the handler or the server made of it.
bool is_well_after(Outcome::Kind kind) {
  return kind == Outcome::Kind::ok || kind == Outcome::Kind::handler_error ||
         kind == Outcome::Kind::over_budget;
}

}  // namespace

Lease::~Lease() {
  if (pool_ != nullptr) pool_->release(loan_);
}

Task<InvocationResult> Lease::invoke(const Invocation& call) {
  loan_.call = &call;
  return pool_->invoke(loan_, *this);
}

void Lease::turn_begins(TimePoint now) { pool_->turn_begins(loan_, now); }

Task<InvocationResult> WorkerPool::invoke(Loan& loan, TurnListener& listener) {
  WorkerRecord& worker = *loan.worker;
  InvocationResult result;
  try {
    result = co_await worker.worker->invoke(*loan.call, settings().timeout, loan.kind == Loan::Kind::cold,
                                            listener);
  } catch (const std::exception& error) {
    diagnostics::warn_seldom(
        diagnostics::Room::worker, "exception " + settings().function,
        "an invocation of " + settings().function + " failed inside the server: " + error.what());
    result.outcome =
        Outcome::failure(Outcome::Kind::no_resources, error.what(),
                         "the machine lacks memory, processes or descriptors; the worker was stopped");
  }
  if (result.delivery == Delivery::revoked) {
    loan.ticket->revoked = true;
    co_return result;
  }
  loan.turn_ended = true;
  Outcome& outcome = result.outcome;
  const TimePoint now = timers_.now();
  loan.timing.exec = now - loan.turn_began;
  if (loan.kind == Loan::Kind::pipelined) {
    // It may have begun before the answer to the one before was looked at.
    loan.timing.exec = std::clamp(outcome.usage.ran, loan.timing.exec, now - loan.ticket->arrived);
    loan.timing.queue = now - loan.ticket->arrived - loan.timing.exec;
  }
  outcome.timing = loan.timing;
  outcome.cold = loan.kind == Loan::Kind::cold;
  outcome.worker_number = worker.number;
  ++worker.served;
  limiter_.finish(worker.number, {.cpu = outcome.usage.cpu,
                                  .waited = outcome.kind != Outcome::Kind::ok || outcome.usage.waited,
                                  .printed = result.printed});
  loan.stop = reason_to_stop_after(outcome);
  loan.kill = !is_well_after(outcome.kind);
  const bool on_purpose = outcome.kind == Outcome::Kind::crashed && (progress_.closed || worker.end.killed);
  if (on_purpose) explain_kill(outcome, progress_.closed, worker.end.reason == StopReason::user);
  if (!on_purpose && result.delivery == Delivery::started) record_result(loan, outcome);
  co_return result;
}

// Tells the breaker whether the function is well, where the outcome shows it.
void WorkerPool::record_result(const Loan& loan, const Outcome& outcome) {
  scaler::CircuitBreaker::Permit& permit = *loan.ticket->permit;
  switch (outcome.kind) {
    case Outcome::Kind::ok:
    case Outcome::Kind::handler_error:
    case Outcome::Kind::over_budget:
    case Outcome::Kind::out_of_memory:
    case Outcome::Kind::response_too_large:
      permit.success();
      break;
    case Outcome::Kind::crashed:
    case Outcome::Kind::protocol_error:
      permit.failure(since_origin(timers_.now()), outcome.message);
      break;
    default:
      break;
  }
}

// A worker that goes on with the next request does not become idle in between, and no event says that it
// did.
void WorkerPool::turn_begins(Loan& loan, TimePoint now) {
  WorkerRecord& worker = *loan.worker;
  const Invocation& call = *loan.call;
  const bool cold = loan.kind == Loan::Kind::cold;
  loan.turn_began = now;
  if (worker.reported != WorkerState::busy) {
    log_.worker_busy(settings().index, worker.number, call.request_id,
                     cold ? Duration(0) : now - worker.times.reported, now);
    worker.reported = WorkerState::busy;
    worker.times.reported = now;
  }
  log_.invocation_started(settings().index, worker.number, call, cold, now);
  worker.request = events::RequestName(call.request_id);
  limiter_.begin(worker.number, since_origin(now));
  // It has been marked while it started, or before its turn came.
  if (worker.end.reason) drain(worker, *worker.end.reason);
}

}  // namespace coffees
