// A pool with workers that are no processes, and customers whose orders are looked at step by step.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "catch.h"
#include "manual_clock.h"
#include "pool/pool.h"
#include "scaler/fixed_keep_warm.h"

namespace coffees::test {

using Kind = Outcome::Kind;

// Workers without processes: they start when told to, answer when told to, and die when told to.
class FakeSource : public WorkerSource {
 public:
  struct FakeWorker : Worker {
    FakeWorker(FakeSource& source, WorkerNumber number, const Executor& executor)
        : source_(source), number_(number), changed_(executor) {}
    ~FakeWorker() override { source_.workers.erase(number_); }

    Task<Outcome> invoke(const Invocation&, Duration, bool cold, bool& undelivered) override {
      was_cold = cold;
      if (posted > 0) --posted;
      answer.reset();
      while (!answer) co_await changed_.wait();
      undelivered = answer_undelivered;
      if (break_down) throw std::runtime_error("no buffer space available");
      co_return std::move(*answer);
    }
    bool post_ahead(const Invocation&, Duration) override {
      if (posted == room) return false;
      ++posted;
      return true;
    }
    std::size_t take_back() override {
      const std::size_t back = posted - std::min(posted, begun);
      posted -= back;
      return back;
    }
    void kill() override {
      ++source_.kills;
      if (source_.corpses_stay) return;
      source_.die(number_);
    }
    void finish(Outcome outcome, bool never_read) {
      answer = std::move(outcome);
      answer_undelivered = never_read;
      changed_.notify();
    }

    bool was_cold = false;
    std::size_t room = 4;    ///< for requests behind the one that runs
    std::size_t posted = 0;  ///< so many are there
    std::size_t begun = 0;   ///< so many of these cannot be taken back
    bool break_down = false;
    bool answer_undelivered = false;
    std::optional<Outcome> answer;

   private:
    FakeSource& source_;
    WorkerNumber number_;
    Signal changed_;
  };

  explicit FakeSource(Loop& loop) : loop_(loop), started_(loop.get_executor()) {}

  Task<StartResult> start(WorkerNumber number) override {
    ++starts;
    while (hold_starts) co_await started_.wait();
    StartResult result;
    if (failure) {
      result.failure = *failure;
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
  Signal started_;
};

// One function's pool, its customers, and a loop that is turned by hand.
class Cafe {
 public:
  using Result = std::shared_ptr<std::optional<Outcome>>;
  static constexpr unsigned kProcessors = 2;

  explicit Cafe(scaler::Rules rules, PoolSettings settings = {})
      : timers_(clock_), log(timers_, {"latte"}, 1 << 12) {
    settings.function = "latte";
    settings.rules = rules;
    settings.processors = kProcessors;
    auto fake = std::make_unique<FakeSource>(loop);
    source = fake.get();
    pool = std::make_unique<Pool>(loop, timers_, settings, std::make_unique<scaler::FixedKeepWarm>(rules),
                                  std::move(fake), log);
  }
  Cafe(const Cafe&) = delete;
  Cafe& operator=(const Cafe&) = delete;
  ~Cafe() { loop.abandon(); }

  // A customer; served as far as that goes without anything else happening.
  Result order(Caller* caller = nullptr) {
    auto result = std::make_shared<std::optional<Outcome>>();
    clock_.pass(std::chrono::nanoseconds(1));  // no two come at the same time
    spawn_detached(loop.get_executor(), [](Pool& from, Caller* whose, Result into) -> Task<> {
      const Invocation call{.caller = whose};
      Acquired acquired = co_await from.acquire(call);
      if (auto* refusal = std::get_if<Outcome>(&acquired)) {
        *into = std::move(*refusal);
        co_return;
      }
      Lease lease = std::get<Lease>(std::move(acquired));
      bool undelivered = false;
      Outcome outcome = co_await lease.invoke(call, undelivered);
      *into = std::move(outcome);
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
    pool->roster().verify();
  }
  void finish(WorkerNumber number, Kind kind = Kind::ok, bool never_read = false) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.message = "of a fake";
    source->workers.at(number)->finish(std::move(outcome), never_read);
    turn();
  }
  void die(WorkerNumber number) {
    source->die(number);
    turn();
  }
  void finish_quickly(WorkerNumber number, Duration cpu = std::chrono::microseconds(100), bool logged = false,
                      bool held = false) {
    Outcome outcome;
    outcome.usage = {.cpu = cpu, .waited = false, .logged = logged, .held = held};
    source->workers.at(number)->finish(std::move(outcome), false);
    turn();
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
  std::size_t count(WorkerState state) const { return pool->roster().count(state); }

  Loop loop;

 private:
  ManualClock clock_;
  TimerQueue timers_;

 public:
  events::EventLog log;
  FakeSource* source = nullptr;
  std::unique_ptr<Pool> pool;
};

inline bool served(const Cafe::Result& result, Kind kind = Kind::ok) {
  return *result && (*result)->kind == kind;
}

}  // namespace coffees::test
