#include "pool/pool.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <thread>

namespace coffees {
namespace {

scaler::Time since_origin(TimePoint time) { return time.time_since_epoch(); }

std::chrono::seconds round_up(Duration duration) {
  return std::max(std::chrono::ceil<std::chrono::seconds>(duration), std::chrono::seconds(1));
}

// Lets the loop take in what is there already. Twice: the first turn polls the sockets, whose events are
// queued behind it.
Task<> one_turn() {
  co_await yield_to_others();
  co_await yield_to_others();
}

}  // namespace

Pool::Pool(Loop& loop, Deadlines& deadlines, PoolSettings settings, std::unique_ptr<scaler::Policy> policy,
           std::unique_ptr<WorkerSource> source, events::EventLog& log)
    : loop_(loop),
      settings_(std::move(settings)),
      policy_(std::move(policy)),
      source_(std::move(source)),
      log_(log),
      pacer_(std::max(1U, std::thread::hardware_concurrency())),
      // In the next turn of the loop: answers that have come in may not have been looked at yet.
      patience_(deadlines, [this] { asio::post(loop_, [this] { give_up_if_slow(); }); }),
      deadlines_(deadlines),
      corpse_gone_(loop.get_executor()),
      timer_(deadlines, [this] { settle(Occasion::timer); }) {
  source_->on_end([this](WorkerNumber number) { process_ended(number); });
  source_->on_prepared([this](const Outcome& outcome) {
    if (outcome.kind == Outcome::Kind::ok)
      log_.function_loaded(settings_.index, source_->status().init, Clock::now());
    else
      log_.function_failed(settings_.index, outcome.message, Clock::now());
  });
}

Pool::~Pool() = default;

void Pool::open() { settle(Occasion::timer); }

scaler::Snapshot Pool::snapshot() const {
  scaler::Snapshot snapshot;
  snapshot.starting = roster_.count(WorkerState::starting);
  snapshot.idle = roster_.count(WorkerState::idle);
  snapshot.busy = roster_.count(WorkerState::busy);
  snapshot.waiting = queue_.size();
  if (snapshot.idle > 0) snapshot.longest_idle_since = roster_.longest_idle_since();
  return snapshot;
}

Task<Acquired> Pool::acquire(const Invocation& call) {
  const TimePoint arrived = Clock::now();
  if (closed_) co_return Outcome::failure(Outcome::Kind::draining, "the server is stopping");
  if (!breaker_.allow(since_origin(arrived))) co_return breaker_refusal(arrived);
  if (!behind_.empty()) co_await wait_for_others(arrived);
  const auto can_follow = [&] { return settings_.reuse && !talks_ && call.cancellation == nullptr; };
  while (pacer_.crowded(can_follow()) && !closed_) {
    const WorkerNumber number = can_follow() ? post_ahead(call) : 0;
    if (number != 0) {
      std::optional<Lease> lease = co_await follow(number, arrived);
      if (lease) co_return std::move(*lease);
    } else {
      co_await wait_for_others(arrived);
    }
  }
  if (closed_) co_return Outcome::failure(Outcome::Kind::draining, "the server is stopping");
  scaler::Admission admission = policy_->on_arrival(snapshot(), since_origin(arrived));
  if (admission != scaler::Admission::dispatch) {
    // Answers that have come in already may have freed a worker: cheaper than a start, fairer than a refusal.
    co_await one_turn();
    admission = policy_->on_arrival(snapshot(), since_origin(Clock::now()));
  }
  switch (admission) {
    case scaler::Admission::dispatch: {
      const Timing timing{.queue = Clock::now() - arrived};
      const WorkerNumber number = *roster_.take_idle();
      co_return Lease(*this, number, false, timing);
    }
    case scaler::Admission::start:
      co_return co_await start_for_request(arrived, roster_.add());
    case scaler::Admission::queue:
      co_return co_await wait_in_queue(arrived, call);
    case scaler::Admission::refuse:
      break;
  }
  breaker_.no_verdict();
  co_return refusal();
}

Outcome Pool::refusal() const {
  Outcome outcome = Outcome::failure(
      Outcome::Kind::throttled,
      settings_.function + " is at its limit of " + std::to_string(settings_.rules.limit) + " workers" +
          (settings_.rules.queue > 0
               ? " and its queue of " + std::to_string(settings_.rules.queue) + " is full"
               : ""),
      "raise `limit` or `queue` of [functions." + settings_.function + "], or send fewer requests at once");
  outcome.retry_after = std::chrono::seconds(1);
  return outcome;
}

Outcome Pool::breaker_refusal(TimePoint now) const {
  Outcome outcome = Outcome::failure(
      Outcome::Kind::crash_loop,
      settings_.function + " died " + std::to_string(Breaker::kDeathsToOpen) +
          " times in a row without an answer between; the last cause: " + breaker_.last_cause(),
      "mend the handler; the next trial comes by itself");
  outcome.retry_after = round_up(breaker_.pause_left(since_origin(now)));
  return outcome;
}

Task<Acquired> Pool::wait_in_queue(TimePoint arrived, const Invocation& call) {
  log_.invocation_queued(settings_.index, call.request_id, arrived);
  Waiter waiter(loop_.get_executor());
  waiter.timer.expires_at(arrived + settings_.queue_timeout);
  queue_.push_back(&waiter);
  // Abandoned while it waits (the loop is being torn down): the pool must not keep a pointer to it.
  struct Guard {
    std::deque<Waiter*>& queue;
    Waiter* waiter;
    ~Guard() { std::erase(queue, waiter); }
  } guard{queue_, &waiter};
  ErrorCode ignored;
  co_await waiter.timer.async_wait(asio::redirect_error(UseTask(), ignored));

  switch (waiter.grant) {
    case Waiter::Grant::worker: {
      const Timing timing{.queue = Clock::now() - arrived};
      co_return Lease(*this, waiter.worker, false, timing);
    }
    case Waiter::Grant::start:
      co_return co_await start_for_request(arrived, waiter.worker);
    case Waiter::Grant::none:
      break;
  }
  breaker_.no_verdict();
  if (closed_) co_return Outcome::failure(Outcome::Kind::draining, "the server is stopping");
  Outcome outcome = refusal();
  outcome.kind = Outcome::Kind::queue_timeout;
  outcome.message = settings_.function + " had no free worker within its queue_timeout";
  co_return outcome;
}

Task<StartResult> Pool::start_worker(WorkerNumber number, bool spare) {
  const TimePoint asked = Clock::now();
  records_[number].started = asked;
  log_.worker_starting(settings_.index, number, spare, asked);
  // Processes that are being killed are no workers any more, but the limit is on processes, too: wait for
  // their end, which takes a fraction of a millisecond. Not for ever: a function may lie about its processes.
  const TimePoint long_enough = Clock::now() + std::chrono::seconds(1);
  Deadline limit(deadlines_, [this] { corpse_gone_.notify(); });
  limit.arm(long_enough);
  while (roster_.count(WorkerState::stopping) > 0 &&
         snapshot().workers() + roster_.count(WorkerState::stopping) > settings_.rules.limit && !closed_ &&
         Clock::now() < long_enough)
    co_await corpse_gone_.wait();
  limit.disarm();
  StartResult result;
  if (closed_)
    result.failure = Outcome::failure(Outcome::Kind::draining, "the server is stopping");
  else
    result = co_await source_->start(number);
  const TimePoint now = Clock::now();
  if (!result.worker) {
    roster_.failed(number);
    records_.erase(number);
    log_.worker_stopped(settings_.index, number, events::StopReason::start_failed,
                        {.lifetime = (now - asked).count()}, now);
    result.failure.retry_after = std::chrono::seconds(1);
    if (result.failure.kind == Outcome::Kind::init_failed)
      breaker_.death(since_origin(now), result.failure.message);
    else
      breaker_.no_verdict();
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

Task<Acquired> Pool::start_for_request(TimePoint arrived, WorkerNumber number) {
  Timing timing{.queue = Clock::now() - arrived};
  StartResult result = co_await start_worker(number, false);
  if (!records_.contains(number)) {
    settle();  // the place is free for a request that waits
    co_return std::move(result.failure);
  }
  timing.boot = result.cold_start.boot;
  timing.init = result.cold_start.init;
  roster_.ready_busy(number);
  co_return Lease(*this, number, true, timing);
}

Task<> Pool::start_spare(WorkerNumber number) {
  const StartResult result = co_await start_worker(number, true);
  if (!records_.contains(number)) {
    // Nobody waits for it, so there is time: a start that fails at once must not be repeated at once.
    spares_again_ = Clock::now() + std::chrono::seconds(1);
    settle();
    co_return;
  }
  const TimePoint now = Clock::now();
  roster_.ready_idle(number, since_origin(now));
  log_.worker_idle(settings_.index, number, Duration(0), now);
  if (records_[number].process_ended || closed_) {
    retire(number, closed_ ? events::StopReason::shutdown : events::StopReason::crash);
    co_return;
  }
  if (records_[number].unwanted) retire(number, events::StopReason::user);
  settle();
}

// A worker that goes on with the next request does not become idle in between, and nobody is told that it
// did.
void Pool::hand_over(WorkerNumber number, const Invocation& call, bool cold, Stretch stretch, TimePoint now) {
  Record& record = records_[number];
  if (stretch == Stretch::begins) {
    log_.worker_busy(settings_.index, number, call.request_id, cold ? Duration(0) : now - record.since, now);
    record.since = now;
  }
  log_.invocation_started(settings_.index, number, call.request_id, cold, now);
  record.handed_over = now;
  record.request = events::RequestName(call.request_id);
  record.mark = pacer_.handed_over();
  if (pacer_.trusts() || !record.followers.empty()) quick_.push_back(number);
}

void Pool::release(WorkerNumber number, bool reusable, events::StopReason reason) {
  using events::StopReason;
  const TimePoint now = Clock::now();
  Record& record = records_[number];
  std::erase(quick_, number);
  const bool worn_out =
      !settings_.reuse || (settings_.max_requests != 0 && record.served >= settings_.max_requests);
  const bool stays = reusable && !worn_out && !record.process_ended && !record.unwanted && !closed_;
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
    if (reusable) {
      reason = worn_out ? StopReason::max_requests : StopReason::crash;
      if (record.unwanted) reason = StopReason::user;
      if (closed_) reason = StopReason::shutdown;
    }
    retire(number, reason);
  } else {
    roster_.give_back(number, since_origin(now));
    log_.worker_idle(settings_.index, number, now - record.since, now);
    record.since = now;
  }
  settle();
  let_others_go();
}

void Pool::retire(WorkerNumber number, events::StopReason reason) {
  const bool was_idle = roster_.state(number) == WorkerState::idle;
  roster_.stop(number);
  Record& record = records_[number];
  if (!record.reason) record.reason = reason;
  const TimePoint now = Clock::now();
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
  const TimePoint now = Clock::now();
  const Record& record = records_[number];
  log_.worker_stopped(settings_.index, number, *record.reason,
                      {.lifetime = (now - record.started).count(), .served = record.served}, now);
  roster_.reaped(number);
  records_.erase(number);
}

void Pool::process_ended(WorkerNumber number) {
  const auto record = records_.find(number);
  if (record == records_.end()) return;
  record->second.process_ended = true;
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

void Pool::settle(Occasion occasion) {
  if (closed_) return;
  while (true) {
    const scaler::Time now = since_origin(Clock::now());
    const scaler::Step step = occasion == Occasion::timer ? policy_->on_timer(snapshot(), now)
                                                          : policy_->on_completion(snapshot(), now);
    if (step == scaler::Step::none) break;
    // A spare that keeps dying is not tried again before a request has shown that the function is well.
    if (step == scaler::Step::start_spare && (breaker_.is_open() || Clock::now() < spares_again_)) break;
    carry_out(step);
  }
#ifndef NDEBUG
  roster_.verify();
#endif
  const TimePoint spares = spares_again_ > Clock::now() ? spares_again_ : TimePoint::max();
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
  waiter->timer.cancel();
}

void Pool::judge(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::ok:
    case Outcome::Kind::handler_error:
    case Outcome::Kind::out_of_memory:
    case Outcome::Kind::response_too_large:
      breaker_.success();
      break;
    case Outcome::Kind::crashed:
    case Outcome::Kind::protocol_error:
      breaker_.death(since_origin(Clock::now()), outcome.message);
      break;
    default:
      breaker_.no_verdict();
      break;
  }
}

void Pool::close() {
  closed_ = true;
  timer_.disarm();
  for (Waiter* waiter : std::exchange(queue_, {})) waiter->timer.cancel();
  while (roster_.count(WorkerState::idle) > 0) retire(roster_.longest_idle(), events::StopReason::shutdown);
  for (auto& [number, record] : records_)
    if (record.worker) record.worker->kill();
  corpse_gone_.notify();
  let_others_go();
}

}  // namespace coffees
