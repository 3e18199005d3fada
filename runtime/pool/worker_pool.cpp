// WorkerPool: how a request gets a worker.
#include "pool/worker_pool.h"

#include <boost/asio/post.hpp>

#include "diagnostics/diagnostics.h"
#include "planted_bug.h"
#include "refusals.h"

namespace coffees {
namespace {

using State = scaler::CircuitBreaker::State;
static_assert(static_cast<int>(State::open) == static_cast<int>(events::BreakerState::open));
static_assert(static_cast<int>(State::half_open) == static_cast<int>(events::BreakerState::half_open));

// Lets the loop take in what is there already. Twice: the first turn polls the sockets, whose events are
// queued behind it.
Task<> one_turn() {
  co_await yield_to_others();
  co_await yield_to_others();
}

// A client that has left takes the place of others in the queue for this long at most.
constexpr auto kLookForLeftClientsEvery = std::chrono::milliseconds(100);

}  // namespace

WorkerPool::WorkerPool(Loop& loop, TimerQueue& timers, PoolSettings settings,
                       std::unique_ptr<scaler::Policy> policy, std::unique_ptr<WorkerSource> source,
                       events::EventLog& log)
    : loop_(loop),
      timers_(timers),
      log_(log),
      function_{std::move(settings), std::move(policy)},
      source_(std::move(source)),
      queue_(loop.get_executor()),
      breaker_([this](scaler::CircuitBreaker::State state) {
        log_.function_breaker(this->settings().index, static_cast<events::BreakerState>(state),
                              breaker_.last_cause(), timers_.now());
        warn_of_breaker(state);
      }),
      limiter_(function_.settings.processors),
      alarms_{.reconcile = {timers, [this] { reconcile(Trigger::timer); }},
              // In the next turn of the loop: answers that have come in may not have been looked at yet.
              .limiter = {timers, [this] { asio::post(loop_, [this] { reset_limiter_if_slow(); }); }},
              .clients = {timers,
                          [this] {
                            queue_.drop_left();
                            if (queue_.size(Reason::worker) > 0)
                              alarms_.clients.arm(timers_.now() + kLookForLeftClientsEvery);
                          }}},
      starts_{.process_ended = Signal(loop.get_executor()), .next_spare = {}} {
  source_->on_end([this](WorkerNumber number, const std::string& how) { process_ended(number, how); });
  source_->on_prepared([this](const Outcome& outcome) {
    if (outcome.kind == Outcome::Kind::ok)
      log_.function_loaded(this->settings().index, source_->status().init, timers_.now());
    else
      log_.function_failed(this->settings().index, outcome.message, timers_.now());
  });
}

WorkerPool::~WorkerPool() = default;

void WorkerPool::open() { reconcile(Trigger::timer); }

void WorkerPool::warn_of_breaker(scaler::CircuitBreaker::State state) const {
  using Breaker = scaler::CircuitBreaker;
  const std::string& function = settings().function;
  if (state == Breaker::State::open)
    diagnostics::warn(diagnostics::Room::pool,
                      function +
                          ": breaker open: its workers died several times in a row; requests get 503 until a "
                          "trial request is answered; last cause: " +
                          breaker_.last_cause());
  if (state == Breaker::State::closed)
    diagnostics::warn(diagnostics::Room::pool,
                      function + ": breaker closed: a trial request was answered; requests are served again");
}

scaler::Snapshot WorkerPool::snapshot() const {
  scaler::Snapshot snapshot;
  snapshot.starting = workers_.count(WorkerState::starting);
  snapshot.idle = workers_.count(WorkerState::idle);
  snapshot.busy = workers_.count(WorkerState::busy) + workers_.count(WorkerState::draining);
  snapshot.waiting = queue_.size(Reason::worker);
  if (snapshot.idle > 0) snapshot.longest_idle_since = since_origin(workers_.longest_idle().times.reported);
  return snapshot;
}

Ticket WorkerPool::ticket() {
  return {.arrived = timers_.now(), .place = ++progress_.last_place, .generation = settings().generation};
}

Task<Acquired> WorkerPool::acquire(const Invocation& call, Ticket& ticket) {
  if (progress_.closed) co_return refused_as_draining();
  if (!ticket.permit) {
    const scaler::Time now = since_origin(ticket.arrived);
    std::optional<scaler::CircuitBreaker::Permit> permit = breaker_.try_pass(now);
    if (!permit)
      co_return refused_by_breaker(settings().function, breaker_.last_cause(), breaker_.pause_left(now));
    ticket.permit.emplace(std::move(*permit));
  }
  // In order of arrival. Several requests may be revoked one after the other: each waits, even if there is
  // room, until all are back in line.
  if (ticket.revoked) asio::post(loop_, [this] { admit_waiting(); });
  if (ticket.revoked || queue_.size(Reason::limiter) > 0) co_await wait_for_limiter(call, ticket);
  using scaler::Admission;
  Admission admission = Admission::refuse;
  for (bool looked_again = false;; looked_again = true) {
    while (!progress_.closed) {
      const bool pipelines = settings().reuse && call.cancellation == nullptr && limiter_.can_pipeline();
      if (!limiter_.at_limit(pipelines)) break;
      WorkerRecord* shared = pipelines ? find_worker_with_slot(call) : nullptr;
      if (shared != nullptr) co_return lend_slot(*shared, ticket);
      co_await wait_for_limiter(call, ticket);
    }
    if (progress_.closed) co_return refused_as_draining();
    admission = function_.policy->on_arrival(snapshot(), since_origin(timers_.now()));
    if (admission == Admission::dispatch || looked_again) break;
    // Answers that have come in already may have freed a worker: cheaper than a start, fairer than a refusal.
    co_await one_turn();
  }
  if (admission == Admission::refuse && ticket.revoked) admission = Admission::queue;
  switch (admission) {
    case Admission::dispatch:
      co_return lend(reserve_idle(), ticket, Loan::Kind::warm);
    case Admission::start: {
      WorkerRecord& worker = workers_.add(settings().generation, timers_.now());
      reconcile();
      co_return co_await start_for_request(worker, ticket);
    }
    case Admission::queue:
      co_return co_await wait_for_worker(call, ticket);
    case Admission::refuse:
      break;
  }
  co_return refused_at_limit(settings().function, settings().rules.limit, settings().rules.queue);
}

Lease WorkerPool::lend_slot(WorkerRecord& worker, Ticket& ticket) {
  if (!alarms_.limiter.armed()) alarms_.limiter.arm(timers_.now() + settings().patience);
  ++worker.leases;
  return lend(worker, ticket, Loan::Kind::pipelined);
}

WorkerRecord& WorkerPool::reserve_idle() {
  WorkerRecord& worker = workers_.newest_idle();
  if (!planted("double-lease")) workers_.become(worker, WorkerState::busy);
  ++worker.leases;
  return worker;
}

Lease WorkerPool::lend(WorkerRecord& worker, Ticket& ticket, Loan::Kind kind) {
  // How long a pipelined one waits shows when its turn comes.
  const TimePoint now = kind == Loan::Kind::pipelined ? ticket.arrived : timers_.now();
  return {*this, Loan{.worker = &worker,
                      .ticket = &ticket,
                      .kind = kind,
                      .timing = {.queue = now - ticket.arrived},
                      .turn_began = now}};
}

// The one with the fewest requests. Null when none has room.
WorkerRecord* WorkerPool::find_worker_with_slot(const Invocation& call) {
  WorkerRecord* best = nullptr;
  for (const scaler::ConcurrencyLimiter::Running& running : limiter_.running()) {
    WorkerRecord* worker = workers_.find(running.worker);
    if (worker == nullptr || worker->state != WorkerState::busy || worker->end.reason ||
        worker->end.process_ended)
      continue;
    const std::uint64_t to_serve = worker->served + worker->leases + 1;
    if (settings().max_requests != 0 && to_serve > settings().max_requests) continue;
    if (best != nullptr && best->leases <= worker->leases) continue;
    if (worker->leases < worker->worker->slots() && worker->worker->can_pipeline(call)) best = worker;
  }
  return best;
}

Task<> WorkerPool::wait_for_limiter(const Invocation& call, const Ticket& ticket) {
  if (!alarms_.limiter.armed()) alarms_.limiter.arm(timers_.now() + settings().patience);
  RequestQueue::Entry entry(queue_, ticket.place, call.caller);
  co_await entry.wait(Reason::limiter);
}

// Within the call, not in the next turn: a worker that has just answered takes its next request without
// falling asleep. Ends when one of them waits again.
void WorkerPool::admit_waiting() {
  if (std::exchange(progress_.admitting, true)) return;
  std::size_t before = queue_.size(Reason::limiter) + 1;
  for (std::size_t left = before - 1; left > 0 && left < before; left = queue_.size(Reason::limiter)) {
    before = left;
    queue_.resume_front(Reason::limiter);
  }
  progress_.admitting = false;
}

void WorkerPool::reset_limiter_if_slow() {
  const std::vector<scaler::ConcurrencyLimiter::Running> running = limiter_.running();
  bool any_waits = queue_.size(Reason::limiter) > 0;
  for (const auto& one : running) {
    const WorkerRecord* worker = workers_.find(one.worker);
    any_waits = any_waits || (worker != nullptr && worker->leases > 1);
  }
  if (!any_waits) return;
  const scaler::Time patience = settings().patience;
  if (!running.empty() && running.front().began + patience > since_origin(timers_.now())) {
    alarms_.limiter.arm(TimePoint(running.front().began + patience));
    return;
  }
  limiter_.reset();
  for (const auto& one : running)
    if (const WorkerRecord* worker = workers_.find(one.worker)) worker->worker->revoke_unstarted();
  admit_waiting();
}

Task<Acquired> WorkerPool::wait_for_worker(const Invocation& call, Ticket& ticket) {
  const TimePoint now = timers_.now();
  log_.invocation_queued(settings().index, call, now);
  if (!alarms_.clients.armed()) alarms_.clients.arm(now + kLookForLeftClientsEvery);
  RequestQueue::Entry entry(queue_, ticket.place, call.caller);
  const Verdict verdict = co_await entry.wait(Reason::worker, &timers_, now + settings().queue_timeout);
  switch (verdict) {
    case Verdict::worker:
      co_return lend(*workers_.find(entry.worker()), ticket, Loan::Kind::warm);
    case Verdict::start:
      co_return co_await start_for_request(*workers_.find(entry.worker()), ticket);
    case Verdict::left:
      co_return refused_as_left();
    case Verdict::expired:
      co_return refused_after_wait(settings().function);
    case Verdict::closed:
    case Verdict::go_on:
      break;
  }
  co_return refused_as_draining();
}

}  // namespace coffees
