// A pool with workers that are no processes, and customers whose orders are looked at step by step.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "catch.h"
#include "manual_clock.h"
#include "pool/worker_pool.h"
#include "scaler/fixed_keep_warm.h"

namespace coffees::test {

using Kind = Outcome::Kind;

// Workers without processes: they start when told to, answer when told to, and die when told to.
class FakeSource : public WorkerSource {
 public:
  struct FakeWorker : Worker {
    FakeWorker(FakeSource& source, WorkerNumber number, const Executor& executor)
        : source_(source), number_(number), executor_(executor), changed_(executor) {}
    ~FakeWorker() override { source_.workers.erase(number_); }

    Task<InvocationResult> invoke(const Invocation&, Duration, bool cold, TurnListener& listener) override {
      InvocationResult result;
      if (running_ || !waiting_.empty()) {
        Turn turn(executor_);
        waiting_.push_back(&turn);
        const Leave leave{waiting_, &turn};
        co_await turn.gate.wait();
        if (turn.revoked) {
          result.delivery = Delivery::revoked;
          co_return result;
        }
      }
      running_ = true;
      alone_ = false;
      listener.turn_begins(source_.timers_.now());
      was_cold = cold;
      answer.reset();
      if (!early.empty()) {
        answer = std::move(early.front());
        early.pop_front();
      }
      while (!answer) co_await changed_.wait();
      result = std::move(*answer);
      if (barrier) revoke_unstarted();
      running_ = false;
      if (break_down) throw std::runtime_error("no buffer space available");
      co_return result;
    }
    [[nodiscard]] std::size_t slots() const override { return room + 1; }
    [[nodiscard]] bool can_pipeline(const Invocation&) const override {
      return running_ && !alone_ && waiting_.size() < room;
    }
    void begin_next() override {
      if (beginning_) return;
      beginning_ = true;
      while (!running_ && !waiting_.empty()) {
        Turn* next = waiting_.front();
        waiting_.pop_front();
        next->gate.open();
      }
      beginning_ = false;
    }
    void revoke_unstarted() override {
      alone_ = true;
      const std::size_t kept = std::min(waiting_.size(), begun);
      const std::vector<Turn*> revoked(waiting_.begin() + static_cast<std::ptrdiff_t>(kept), waiting_.end());
      waiting_.resize(kept);
      for (Turn* turn : revoked) {
        turn->revoked = true;
        turn->gate.open();
      }
    }
    void kill() override {
      ++source_.kills;
      if (source_.corpses_stay) return;
      source_.die(number_);
    }
    void finish(InvocationResult result) {
      answer = std::move(result);
      changed_.notify();
    }
    // How many requests wait in its slots.
    [[nodiscard]] std::size_t posted() const { return waiting_.size(); }

    bool was_cold = false;
    std::size_t room = 4;   ///< for requests behind the one that runs
    std::size_t begun = 0;  ///< this many of them cannot be revoked
    bool barrier = false;   ///< its next answer revokes what is behind it
    bool break_down = false;
    std::optional<InvocationResult> answer;
    std::deque<InvocationResult> early;  ///< answers to the next turns, which are there when these begin

   private:
    struct Turn {
      explicit Turn(const Executor& executor) : gate(executor) {}
      Gate gate;
      bool revoked = false;
    };
    struct Leave {
      std::deque<Turn*>& all;
      Turn* turn;
      ~Leave() { std::erase(all, turn); }
    };
    FakeSource& source_;
    WorkerNumber number_;
    Executor executor_;
    Signal changed_;
    std::deque<Turn*> waiting_;
    bool running_ = false;
    bool alone_ = false;  // nothing is handed over behind what runs
    bool beginning_ = false;
  };

  FakeSource(Loop& loop, TimerQueue& timers) : loop_(loop), timers_(timers), started_(loop.get_executor()) {}

  Task<StartResult> start(WorkerNumber number) override {
    ++starts;
    while (hold_starts) co_await started_.wait();
    StartResult result;
    if (failure) {
      result.failure = Outcome::failure(failure->kind, failure->message);
      co_return result;
    }
    auto worker = std::make_unique<FakeWorker>(*this, number, loop_.get_executor());
    workers[number] = worker.get();
    result.worker = std::move(worker);
    result.cold_start.boot = std::chrono::milliseconds(7);
    co_return result;
  }
  void release_starts() {
    hold_starts = false;
    started_.notify();
  }
  // Tells the pool that the process is gone.
  void die(WorkerNumber number) { worker_ended(number, "died: segmentation fault"); }

  int starts = 0;
  int kills = 0;
  bool hold_starts = false;
  bool corpses_stay = false;
  std::optional<Outcome> failure;
  std::map<WorkerNumber, FakeWorker*> workers;

 private:
  Loop& loop_;
  TimerQueue& timers_;
  Signal started_;
};

// One function's pool, its customers, and a loop that is turned by hand.
class Cafe {
 public:
  using Result = std::shared_ptr<std::optional<Outcome>>;
  static constexpr unsigned kProcessors = 2;

  explicit Cafe(scaler::Rules rules, PoolSettings settings = {})
      : timers_(clock_), log(timers_, {"latte"}, {.ring_words = 1 << 12, .chunks = 1}) {
    settings.function = "latte";
    settings.rules = rules;
    settings.processors = kProcessors;
    auto fake = std::make_unique<FakeSource>(loop, timers_);
    source = fake.get();
    pool = std::make_unique<WorkerPool>(loop, timers_, settings,
                                        std::make_unique<scaler::FixedKeepWarm>(rules), std::move(fake), log);
  }
  Cafe(const Cafe&) = delete;
  Cafe& operator=(const Cafe&) = delete;
  ~Cafe() { loop.abandon(); }

  // A customer; served as far as that goes without anything else happening.
  Result order(Caller* caller = nullptr) {
    auto result = std::make_shared<std::optional<Outcome>>();
    spawn_detached(loop.get_executor(), [](WorkerPool& from, Caller* whose, Result into) -> Task<> {
      const Invocation call{.caller = whose};
      Ticket ticket = from.ticket();
      while (!*into) {
        Acquired acquired = co_await from.acquire(call, ticket);
        if (auto* refusal = std::get_if<Outcome>(&acquired)) {
          *into = std::move(*refusal);
          co_return;
        }
        Lease lease = std::get<Lease>(std::move(acquired));
        InvocationResult answer = co_await lease.invoke(call);
        if (answer.delivery != Delivery::revoked) *into = std::move(answer.outcome);
      }
    }(*pool, caller, result));
    turn();
    return result;
  }
  std::vector<Result> order_all(std::size_t count) {
    std::vector<Result> all(count);
    for (Result& one : all) one = order();
    return all;
  }
  void turn() {
    loop.restart();
    loop.poll();
    pool->table().verify();
  }
  void finish(WorkerNumber number, Kind kind = Kind::ok, bool never_read = false) {
    InvocationResult result;
    result.outcome.kind = kind;
    result.outcome.message = "of a fake";
    if (never_read) result.delivery = Delivery::not_started;
    source->workers.at(number)->finish(std::move(result));
    turn();
  }
  void die(WorkerNumber number) {
    source->die(number);
    turn();
  }
  void finish_quickly(WorkerNumber number, Duration cpu = std::chrono::microseconds(100),
                      bool printed = false) {
    InvocationResult result;
    result.outcome.usage = {.cpu = cpu, .waited = false};
    result.printed = printed;
    source->workers.at(number)->finish(std::move(result));
    turn();
  }
  static InvocationResult tiny_answer() {
    InvocationResult result;
    result.outcome.usage = {.cpu = std::chrono::microseconds(2), .waited = false};
    result.printed = false;
    return result;
  }
  void finish_tiny(WorkerNumber number) { finish_quickly(number, std::chrono::microseconds(2)); }
  // One worker, of a function that is known to cost next to nothing.
  void become_tiny() {
    for (int i = 0; i < 40; ++i) {
      order();
      finish_tiny(1);
    }
  }
  // Everything that becomes due meanwhile happens at its time.
  void pass(Duration time) {
    const TimePoint end = clock_.now() + time;
    for (TimePoint next = timers_.next(); next <= end; next = timers_.next()) {
      clock_.pass(std::max(next - clock_.now(), Duration(0)));
      timers_.run_due();
      turn();
    }
    clock_.pass(end - clock_.now());
  }
  void wait_out_patience() { pass(pool->settings().patience); }
  TimePoint now() const { return clock_.now(); }
  // The state of a worker; `gone` for one that is not known (any more).
  WorkerState state(WorkerNumber number) {
    const auto found = pool->table().all().find(number);
    return found == pool->table().all().end() ? WorkerState::gone : found->second.state;
  }
  std::size_t count(WorkerState state) const { return pool->table().count(state); }

  Loop loop;

 private:
  ManualClock clock_;
  TimerQueue timers_;

 public:
  events::EventLog log;
  FakeSource* source = nullptr;
  std::unique_ptr<WorkerPool> pool;
};

inline bool served(const Cafe::Result& result, Kind kind = Kind::ok) {
  return *result && (*result)->kind == kind;
}

}  // namespace coffees::test
