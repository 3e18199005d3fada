// One invocation on a worker that is on loan.
#include <algorithm>

#include "pool/pool.h"

namespace coffees {
namespace {

events::StopReason stop_reason(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::timeout:
      return events::StopReason::timeout;
    case Outcome::Kind::out_of_memory:
      return events::StopReason::memory;
    case Outcome::Kind::protocol_error:
    case Outcome::Kind::response_too_large:
      return events::StopReason::protocol;
    case Outcome::Kind::client_gone:
      return events::StopReason::client_gone;
    default:
      return events::StopReason::crash;
  }
}

}  // namespace

Lease::~Lease() {
  using Use = Pool::Use;
  const Use unused = cold_ ? Use::none_since_start : Use::none;
  if (pool_ != nullptr) pool_->release(number_, used_ ? Use::one : unused, reusable_, spent_, reason_);
}

Task<Outcome> Lease::invoke(const Invocation& call, bool& undelivered) {
  Worker& worker = *pool_->records_[number_].worker;
  const TimePoint handed_over = pool_->timers_.now();
  pool_->hand_over(number_, call, cold_, arrived_ ? Pool::Stretch::goes_on : Pool::Stretch::begins,
                   handed_over);
  used_ = true;
  reusable_ = false;  // until it has answered
  Outcome outcome;
  try {
    outcome = co_await worker.invoke(call, pool_->settings_.timeout, cold_, undelivered);
  } catch (const std::exception& error) {
    outcome = Outcome::failure(Outcome::Kind::no_resources, error.what(),
                               "the machine is short of something; its worker was stopped");
  }
  const TimePoint now = pool_->timers_.now();
  timing_.exec = now - handed_over;
  if (arrived_) {
    // It may have begun before the answer to the one before was looked at.
    timing_.exec = std::clamp(outcome.usage.ran, timing_.exec, now - *arrived_);
    timing_.queue = now - *arrived_ - timing_.exec;
  }
  outcome.timing = timing_;
  outcome.cold = cold_;
  outcome.worker_number = number_;
  Pool::Record& record = pool_->records_[number_];
  ++record.served;
  pool_->talks_ = outcome.usage.logged;
  record.holds = outcome.usage.held;
  pool_->pacer_.over(record.mark, outcome.kind != Outcome::Kind::ok || outcome.usage.waited,
                     outcome.usage.cpu);
  // Killed for something else: that says nothing of this invocation.
  const bool on_purpose = record.reason && outcome.kind == Outcome::Kind::crashed;
  if (pool_->closed_ && outcome.kind == Outcome::Kind::crashed) {
    outcome.kind = Outcome::Kind::draining;
    outcome.message = "the server has stopped before this was done; it may have been done in part";
    outcome.hint = "`drain` of [server] says how long it waits for what is under way";
  } else if (on_purpose)
    outcome.hint = record.reason == events::StopReason::user
                       ? "somebody stopped this worker while it served; ask again"
                       : "its worker was stopped for the request before it; ask again";
  reusable_ = outcome.kind == Outcome::Kind::ok || outcome.kind == Outcome::Kind::handler_error;
  spent_ = outcome.usage.left_children || outcome.usage.unfit;
  reason_ = stop_reason(outcome.kind);
  if (reusable_ && spent_)
    reason_ = outcome.usage.left_children ? events::StopReason::children : events::StopReason::unfit;
  if (!undelivered && !on_purpose) judge(outcome, now);
  co_return outcome;
}

// Tells the breaker whether the function is well, where the outcome shows it.
void Lease::judge(const Outcome& outcome, TimePoint now) {
  switch (outcome.kind) {
    case Outcome::Kind::ok:
    case Outcome::Kind::handler_error:
    case Outcome::Kind::out_of_memory:
    case Outcome::Kind::response_too_large:
      permit_.success();
      break;
    case Outcome::Kind::crashed:
    case Outcome::Kind::protocol_error:
      permit_.failure(since_origin(now), outcome.message);
      break;
    default:
      break;
  }
}

// A worker that goes on with the next request does not become idle in between, and nobody is told that it
// did.
void Pool::hand_over(WorkerNumber number, const Invocation& call, bool cold, Stretch stretch, TimePoint now) {
  Record& record = records_[number];
  if (stretch == Stretch::begins) {
    log_.worker_busy(settings_.index, number, call.request_id, cold ? Duration(0) : now - record.since, now);
    record.since = now;
  }
  log_.invocation_started(settings_.index, number, call, cold, now);
  record.handed_over = now;
  record.request = events::RequestName(call.request_id);
  record.mark = pacer_.handed_over();
  if (pacer_.trusts() || !record.followers.empty()) quick_.push_back(number);
}

}  // namespace coffees
