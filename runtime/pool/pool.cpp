#include "pool/pool.h"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace coffees {
namespace {

using State = CircuitBreaker::State;
static_assert(static_cast<int>(State::open) == static_cast<int>(events::BreakerState::open));
static_assert(static_cast<int>(State::half_open) == static_cast<int>(events::BreakerState::half_open));

std::chrono::seconds round_up(Duration duration) {
  return std::max(std::chrono::ceil<std::chrono::seconds>(duration), std::chrono::seconds(1));
}

// Lets the loop take in what is there already. Twice: the first turn polls the sockets, whose events are
// queued behind it.
Task<> one_turn() {
  co_await yield_to_others();
  co_await yield_to_others();
}

// A client that has left takes the place of others in the queue for so long at most. Shorter waits cost
// nothing.
constexpr auto kLookAtQueueEvery = std::chrono::milliseconds(100);

}  // namespace

Pool::Pool(Loop& loop, TimerQueue& timers, PoolSettings settings, std::unique_ptr<scaler::Policy> policy,
           std::unique_ptr<WorkerSource> source, events::EventLog& log)
    : loop_(loop),
      settings_(std::move(settings)),
      policy_(std::move(policy)),
      source_(std::move(source)),
      log_(log),
      breaker_([this](CircuitBreaker::State state) {
        log_.function_breaker(settings_.index, static_cast<events::BreakerState>(state),
                              breaker_.last_cause(), timers_.now());
      }),
      pacer_(settings_.processors),
      // In the next turn of the loop: answers that have come in may not have been looked at yet.
      patience_(timers, [this] { asio::post(loop_, [this] { give_up_if_slow(); }); }),
      timers_(timers),
      corpse_gone_(loop.get_executor()),
      timer_(timers, [this] { settle(Occasion::timer); }),
      look_at_queue_(timers, [this] { look_for_clients_that_left(); }) {
  source_->on_end([this](WorkerNumber number, const std::string& how) { process_ended(number, how); });
  source_->on_prepared([this](const Outcome& outcome) {
    if (outcome.kind == Outcome::Kind::ok)
      log_.function_loaded(settings_.index, source_->status().init, timers_.now());
    else
      log_.function_failed(settings_.index, outcome.message, timers_.now());
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
  const TimePoint arrived = timers_.now();
  if (closed_) co_return Outcome::failure(Outcome::Kind::draining, "the server is stopping");
  std::optional<CircuitBreaker::Permit> permit = breaker_.try_pass(since_origin(arrived));
  if (!permit) co_return breaker_refusal(arrived);
  if (!behind_.empty()) co_await wait_for_others(arrived);
  const auto can_follow = [&] { return settings_.reuse && !talks_ && call.cancellation == nullptr; };
  while (pacer_.crowded(can_follow()) && !closed_) {
    const WorkerNumber number = can_follow() ? post_ahead(call) : 0;
    if (number != 0) {
      const bool begun = co_await follow(number, arrived);
      if (begun) co_return Lease(*this, number, std::move(*permit), arrived);
    } else {
      co_await wait_for_others(arrived);
    }
  }
  if (closed_) co_return Outcome::failure(Outcome::Kind::draining, "the server is stopping");
  scaler::Admission admission = policy_->on_arrival(snapshot(), since_origin(arrived));
  if (admission != scaler::Admission::dispatch) {
    // Answers that have come in already may have freed a worker: cheaper than a start, fairer than a refusal.
    co_await one_turn();
    admission = policy_->on_arrival(snapshot(), since_origin(timers_.now()));
  }
  switch (admission) {
    case scaler::Admission::dispatch: {
      const Timing timing{.queue = timers_.now() - arrived};
      const WorkerNumber number = *roster_.take_idle();
      co_return Lease(*this, number, std::move(*permit), false, timing);
    }
    case scaler::Admission::start:
      co_return co_await start_for_request(arrived, roster_.add(), *permit);
    case scaler::Admission::queue:
      co_return co_await wait_in_queue(arrived, call, *permit);
    case scaler::Admission::refuse:
      break;
  }
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
      settings_.function + " died " + std::to_string(CircuitBreaker::kFailuresToOpen) +
          " times in a row without an answer between; the last cause: " + breaker_.last_cause(),
      "mend the handler; the next trial comes by itself");
  outcome.retry_after = round_up(breaker_.pause_left(since_origin(now)));
  return outcome;
}

Task<Acquired> Pool::wait_in_queue(TimePoint arrived, const Invocation& call,
                                   CircuitBreaker::Permit& permit) {
  log_.invocation_queued(settings_.index, call, arrived);
  Waiter waiter(loop_.get_executor(), call.caller);
  queue_.push_back(&waiter);
  if (!look_at_queue_.armed()) look_at_queue_.arm(arrived + kLookAtQueueEvery);
  // Abandoned while it waits (the loop is being torn down): the pool must not keep a pointer to it.
  struct Guard {
    std::deque<Waiter*>& queue;
    Waiter* waiter;
    ~Guard() { std::erase(queue, waiter); }
  } guard{queue_, &waiter};
  co_await wait_until(timers_, waiter.decided, arrived + settings_.queue_timeout);

  switch (waiter.grant) {
    case Waiter::Grant::worker: {
      const Timing timing{.queue = timers_.now() - arrived};
      co_return Lease(*this, waiter.worker, std::move(permit), false, timing);
    }
    case Waiter::Grant::start:
      co_return co_await start_for_request(arrived, waiter.worker, permit);
    case Waiter::Grant::none:
      break;
  }
  if (waiter.left)
    co_return Outcome::failure(Outcome::Kind::client_gone,
                               "the client closed its sending side while the request waited for a worker",
                               "keep the connection open for sending until the answer has come");
  if (closed_) co_return Outcome::failure(Outcome::Kind::draining, "the server is stopping");
  Outcome outcome = refusal();
  outcome.kind = Outcome::Kind::queue_timeout;
  outcome.message = settings_.function + " had no free worker within its queue_timeout";
  co_return outcome;
}

// Takes it out of the queue if its client has left. Its coroutine goes on in the next turn.
bool Pool::drop_if_left(Waiter& waiter) {
  if (waiter.caller == nullptr || !waiter.caller->has_left()) return false;
  waiter.left = true;
  std::erase(queue_, &waiter);
  waiter.decided.notify();
  return true;
}

void Pool::look_for_clients_that_left() {
  const std::vector<Waiter*> waiting(queue_.begin(), queue_.end());
  for (Waiter* waiter : waiting) drop_if_left(*waiter);
  if (!queue_.empty()) look_at_queue_.arm(timers_.now() + kLookAtQueueEvery);
}

}  // namespace coffees
