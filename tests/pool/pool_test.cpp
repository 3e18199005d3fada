#include "pool/pool.h"

#include <map>
#include <thread>

#include "catch.h"
#include "scaler/fixed_keep_warm.h"

using namespace coffees;
using Kind = Outcome::Kind;

namespace {

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
  void die(WorkerNumber number) { worker_ended(number); }

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

  explicit Cafe(scaler::Rules rules, PoolSettings settings = {})
      : deadlines_(loop.get_executor()), log(deadlines_, {"latte"}, 1 << 12) {
    settings.function = "latte";
    settings.rules = rules;
    auto fake = std::make_unique<FakeSource>(loop);
    source = fake.get();
    pool = std::make_unique<Pool>(loop, deadlines_, settings, std::make_unique<scaler::FixedKeepWarm>(rules),
                                  std::move(fake), log);
  }
  Cafe(const Cafe&) = delete;
  Cafe& operator=(const Cafe&) = delete;
  ~Cafe() { loop.abandon(); }

  // A customer; served as far as that goes without anything else happening.
  Result order() {
    auto result = std::make_shared<std::optional<Outcome>>();
    spawn_detached(loop.get_executor(), [](Pool& from, Result into) -> Task<> {
      const Invocation call;
      Acquired acquired = co_await from.acquire(call);
      if (auto* refusal = std::get_if<Outcome>(&acquired)) {
        *into = std::move(*refusal);
        co_return;
      }
      Lease lease = std::get<Lease>(std::move(acquired));
      bool undelivered = false;
      Outcome outcome = co_await lease.invoke(call, undelivered);
      *into = std::move(outcome);
    }(*pool, result));
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
  std::size_t count(WorkerState state) const { return pool->roster().count(state); }

  Loop loop;

 private:
  Deadlines deadlines_;

 public:
  events::EventLog log;
  FakeSource* source = nullptr;
  std::unique_ptr<Pool> pool;
};

bool served(const Cafe::Result& result, Kind kind = Kind::ok) { return *result && (*result)->kind == kind; }

}  // namespace

TEST_CASE("the first order starts a worker and is cold, the second finds it warm") {
  Cafe cafe({.limit = 2});
  const auto first = cafe.order();
  cafe.finish(1);
  REQUIRE(served(first));
  CHECK((*first)->cold);
  CHECK((*first)->worker_number == 1);
  CHECK((*first)->timing.boot == std::chrono::milliseconds(7));
  const auto second = cafe.order();
  cafe.finish(1);
  REQUIRE(served(second));
  CHECK_FALSE((*second)->cold);
  CHECK(cafe.source->starts == 1);
}

TEST_CASE("parallel orders get a worker each, up to the limit; the next is refused") {
  Cafe cafe({.limit = 2});
  const auto first = cafe.order();
  const auto second = cafe.order();
  const auto third = cafe.order();
  CHECK(cafe.source->starts == 2);
  CHECK(served(third, Kind::throttled));
  CHECK((*third)->retry_after >= std::chrono::seconds(1));
  cafe.finish(1);
  cafe.finish(2);
  CHECK(served(first));
  CHECK(served(second));
}

TEST_CASE("at the limit orders wait in line, first come, first served") {
  Cafe cafe({.limit = 1, .queue = 2});
  const auto first = cafe.order();
  const auto second = cafe.order();
  const auto third = cafe.order();
  CHECK(served(cafe.order(), Kind::throttled));
  cafe.finish(1);
  CHECK(served(first));
  CHECK_FALSE(*second);
  cafe.finish(1);
  CHECK(served(second));
  cafe.finish(1);
  CHECK(served(third));
  CHECK(cafe.source->starts == 1);
}

TEST_CASE("an order that waits longer than queue_timeout is refused and leaves the line") {
  Cafe cafe({.limit = 1, .queue = 2}, {.queue_timeout = std::chrono::seconds(0)});
  const auto first = cafe.order();
  const auto second = cafe.order();
  while (!*second) cafe.turn();
  CHECK(served(second, Kind::queue_timeout));
  CHECK(cafe.pool->snapshot().waiting == 0);
  cafe.finish(1);
  CHECK(served(first));
}

TEST_CASE("a worker that timed out is killed after its answer, and a new one serves the next order") {
  Cafe cafe({.limit = 1});
  const auto first = cafe.order();
  cafe.finish(1, Kind::timeout);
  CHECK(served(first, Kind::timeout));
  CHECK(cafe.source->kills == 1);
  const auto second = cafe.order();
  cafe.finish(2);
  REQUIRE(served(second));
  CHECK((*second)->worker_number == 2);
}

TEST_CASE("the limit counts processes: a replacement waits for the corpse to go") {
  Cafe cafe({.limit = 1});
  cafe.source->corpses_stay = true;
  cafe.order();
  cafe.finish(1, Kind::timeout);
  const auto second = cafe.order();
  CHECK(cafe.source->starts == 1);
  CHECK_FALSE(*second);
  cafe.die(1);
  CHECK(cafe.source->starts == 2);
  cafe.finish(2);
  CHECK(served(second));
}

TEST_CASE("a handler error keeps the worker, a crash does not") {
  Cafe cafe({.limit = 1});
  cafe.order();
  cafe.finish(1, Kind::handler_error);
  CHECK(cafe.count(WorkerState::idle) == 1);
  const auto second = cafe.order();
  cafe.finish(1, Kind::crashed);
  CHECK(served(second, Kind::crashed));
  CHECK(cafe.count(WorkerState::idle) == 0);
}

TEST_CASE("an idle worker that dies is forgotten, and nobody is served by it") {
  Cafe cafe({.limit = 1});
  cafe.order();
  cafe.finish(1);
  cafe.die(1);
  CHECK(cafe.count(WorkerState::idle) == 0);
  const auto next = cafe.order();
  cafe.finish(2);
  CHECK(served(next));
}

TEST_CASE("reuse = false and max_requests retire a worker after its share") {
  Cafe once({.limit = 1}, {.reuse = false});
  once.order();
  once.finish(1);
  CHECK(once.source->kills == 1);
  Cafe twice({.limit = 1}, {.max_requests = 2});
  twice.order();
  twice.finish(1);
  CHECK(twice.source->kills == 0);
  twice.order();
  twice.finish(1);
  CHECK(twice.source->kills == 1);
}

TEST_CASE("keep_warm = 0 keeps nobody") {
  Cafe cafe({.keep_warm = std::chrono::seconds(0), .limit = 3});
  cafe.order();
  cafe.finish(1);
  CHECK(cafe.source->kills == 1);
  CHECK(cafe.count(WorkerState::idle) == 0);
}

TEST_CASE("min_warm workers are there before anybody asks, and the order that finds one is warm") {
  Cafe cafe({.min_warm = 2, .limit = 5});
  cafe.pool->open();
  cafe.turn();
  CHECK(cafe.count(WorkerState::idle) == 2);
  const auto first = cafe.order();
  cafe.finish(2);
  REQUIRE(served(first));
  CHECK_FALSE((*first)->cold);
  cafe.die(1);
  CHECK(cafe.count(WorkerState::idle) == 2);  // replaced
}

TEST_CASE("a start that fails is the order's outcome, and the place is free again") {
  Cafe cafe({.limit = 1});
  cafe.source->failure = Outcome::failure(Kind::init_failed, "E204: no entry point");
  CHECK(served(cafe.order(), Kind::init_failed));
  cafe.source->failure.reset();
  const auto next = cafe.order();
  cafe.finish(2);
  CHECK(served(next));
}

TEST_CASE("a spare that cannot be started is not tried again at once") {
  Cafe cafe({.min_warm = 1, .limit = 2});
  cafe.source->failure = Outcome::failure(Kind::no_resources, "no memory");
  cafe.pool->open();
  for (int i = 0; i < 5; ++i) cafe.turn();
  CHECK(cafe.source->starts == 1);
}

TEST_CASE("five crashes in a row open the breaker, and orders are refused at once with the cause") {
  Cafe cafe({.limit = 1});
  for (WorkerNumber number = 1; number <= 5; ++number) {
    cafe.order();
    cafe.finish(number, Kind::crashed);
  }
  const auto refused = cafe.order();
  CHECK(served(refused, Kind::crash_loop));
  CHECK((*refused)->message.find("of a fake") != std::string::npos);
  CHECK(cafe.source->starts == 5);
}

TEST_CASE("a worker that throws instead of answering is stopped, and the order gets an outcome") {
  Cafe cafe({.limit = 1});
  const auto order = cafe.order();
  cafe.source->workers.at(1)->break_down = true;
  cafe.finish(1);
  CHECK(served(order, Kind::no_resources));
  CHECK(cafe.source->kills == 1);
}

TEST_CASE("timeouts and function errors never open the breaker") {
  Cafe cafe({.limit = 1});
  WorkerNumber number = 1;
  for (int i = 0; i < 10; ++i) {
    cafe.order();
    cafe.finish(number++, Kind::timeout);
  }
  cafe.order();
  for (int i = 0; i < 10; ++i) {
    cafe.finish(number, Kind::handler_error);
    cafe.order();
  }
  CHECK(cafe.count(WorkerState::busy) == 1);
}

TEST_CASE("closing kills everybody and refuses who waits") {
  Cafe cafe({.limit = 1, .queue = 1});
  const auto first = cafe.order();
  const auto waiting = cafe.order();
  cafe.pool->close();
  cafe.turn();
  CHECK(served(waiting, Kind::draining));
  CHECK(cafe.source->kills >= 1);
  CHECK(served(cafe.order(), Kind::draining));
  cafe.finish(1, Kind::crashed);
  CHECK(served(first, Kind::crashed));
}

TEST_CASE("orders that arrive while workers start wait for their own, not for each other's") {
  Cafe cafe({.limit = 3});
  cafe.source->hold_starts = true;
  const auto first = cafe.order();
  const auto second = cafe.order();
  CHECK(cafe.count(WorkerState::starting) == 2);
  cafe.source->release_starts();
  cafe.turn();
  cafe.finish(1);
  cafe.finish(2);
  CHECK(served(first));
  CHECK(served(second));
}

TEST_CASE("quick invocations are handed over a few at a time, and all are served") {
  Cafe cafe({.limit = 100});
  const std::size_t most = 2 * std::max(1U, std::thread::hardware_concurrency());
  const std::size_t customers = 3 * most;
  std::vector<Cafe::Result> orders;
  for (std::size_t i = 0; i < customers; ++i) orders.push_back(cafe.order());
  const auto finish_all = [&cafe] {
    for (WorkerNumber number = 1; number < 100; ++number)
      if (cafe.pool->roster().state(number) == WorkerState::busy) cafe.finish_quickly(number);
  };
  finish_all();
  for (int i = 0; i < 16; ++i) {  // until they are known to be quick
    orders.push_back(cafe.order());
    finish_all();
  }
  for (std::size_t i = 0; i < customers; ++i) orders.push_back(cafe.order());
  CHECK(cafe.count(WorkerState::busy) == most);
  CHECK(cafe.source->starts == static_cast<int>(customers));
  for (int round = 0; round < 4; ++round) finish_all();
  for (const Cafe::Result& order : orders) CHECK(served(order));
}

TEST_CASE("who waits behind quick invocations that turn out to be slow is handed over after all") {
  Cafe cafe({.limit = 100});
  const std::size_t most = 2 * std::max(1U, std::thread::hardware_concurrency());
  std::vector<Cafe::Result> orders;
  for (std::size_t i = 0; i < most + 1; ++i) orders.push_back(cafe.order());
  for (WorkerNumber number = 1; number <= most + 1; ++number) cafe.finish_quickly(number);
  for (int i = 0; i < 16; ++i) {
    orders.push_back(cafe.order());
    cafe.finish_quickly(static_cast<WorkerNumber>(most + 1));
  }
  for (std::size_t i = 0; i < most + 1; ++i) orders.push_back(cafe.order());
  CHECK(cafe.count(WorkerState::busy) == most);
  cafe.loop.restart();
  cafe.loop.run_one_for(std::chrono::seconds(1));  // the patience of a millisecond
  cafe.turn();
  CHECK(cafe.count(WorkerState::busy) == most + 1);
}

TEST_CASE("requests for a tiny function are handed over behind each other to one worker") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(7);
  CHECK(cafe.count(WorkerState::busy) == 1);
  CHECK(cafe.source->workers.at(1)->posted == 4);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    CHECK_FALSE(*orders[i]);
    cafe.finish_tiny(1);
    CHECK(served(orders[i]));
    CHECK_FALSE((*orders[i])->cold);
  }
  CHECK(cafe.count(WorkerState::idle) == 1);
  CHECK(cafe.source->starts == 1);
}

TEST_CASE("who was handed over behind an invocation that takes long gets a worker of its own") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(4);
  cafe.source->workers.at(1)->begun = 1;  // the second one answers, but nobody has looked yet
  cafe.loop.restart();
  cafe.loop.run_for(std::chrono::milliseconds(20));  // the patience of a millisecond
  CHECK(cafe.source->starts == 3);
  CHECK(cafe.source->workers.at(1)->posted == 1);
  cafe.finish_tiny(2);
  cafe.finish_tiny(3);
  CHECK(served(orders[2]));
  CHECK(served(orders[3]));
  cafe.finish_tiny(1);
  CHECK(served(orders[0]));
  CHECK_FALSE(*orders[1]);
  cafe.finish_tiny(1);
  CHECK(served(orders[1]));
}

TEST_CASE("when a worker dies, those behind it that it has not begun are served by others") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(4);
  cafe.source->workers.at(1)->begun = 1;
  cafe.finish(1, Kind::crashed);
  CHECK(served(orders[0], Kind::crashed));
  // The one that it had begun shares its fate, the others do not.
  CHECK(cafe.source->workers.at(1)->posted == 0);
  cafe.finish(1, Kind::crashed);
  CHECK(served(orders[1], Kind::crashed));
  for (WorkerNumber number = 2; number <= 3; ++number) cafe.finish_tiny(number);
  CHECK(served(orders[2]));
  CHECK(served(orders[3]));
  CHECK_FALSE(cafe.source->workers.contains(1));
}

TEST_CASE("a worker that holds gets those that were behind it once more") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(3);
  REQUIRE(cafe.source->workers.at(1)->posted == 2);
  cafe.finish_quickly(1, std::chrono::microseconds(2), false, true);
  CHECK(cafe.source->workers.at(1)->posted == 1);
  for (int i = 0; i < 2; ++i) cafe.finish_tiny(1);
  for (const Cafe::Result& order : orders) CHECK(served(order));
  CHECK(cafe.source->starts == 1);
}

TEST_CASE("of a function that prints nobody waits in the mailbox, and several run at once") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  cafe.order();
  cafe.finish_quickly(1, std::chrono::microseconds(2), true, true);
  const std::vector<Cafe::Result> orders = cafe.order_all(2);
  CHECK(cafe.count(WorkerState::busy) == 2);
  CHECK(cafe.source->workers.at(1)->posted == 0);
  for (WorkerNumber number = 1; number <= 2; ++number) cafe.finish_tiny(number);
  for (const Cafe::Result& order : orders) CHECK(served(order));
}

TEST_CASE("one that failed or waited sends those behind it to other workers: the next one may take long") {
  const bool failed = GENERATE(true, false);
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(4);
  cafe.source->workers.at(1)->begun = 1;
  cafe.finish(1, failed ? Kind::handler_error : Kind::ok);  // the fake says that it waited
  CHECK(cafe.source->workers.at(1)->posted == 0);
  CHECK(cafe.source->starts == 3);
  for (WorkerNumber number = 2; number <= 3; ++number) cafe.finish_tiny(number);
  CHECK(served(orders[2]));
  CHECK(served(orders[3]));
  CHECK_FALSE(*orders[1]);
  cafe.finish_tiny(1);
  CHECK(served(orders[1]));
}

TEST_CASE("a loop that is torn down while requests are behind others leaves nothing behind") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  for (int i = 0; i < 8; ++i) cafe.order();
  CHECK(cafe.source->workers.at(1)->posted == 4);
}

TEST_CASE("no worker is handed more requests than max_requests allows") {
  Cafe cafe({.limit = 10}, {.max_requests = 42});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(4);
  CHECK(cafe.source->workers.at(1)->posted == 1);
  cafe.finish_tiny(1);
  cafe.finish_tiny(1);
  CHECK(served(orders[1]));
  CHECK_FALSE(cafe.source->workers.contains(1));
  for (WorkerNumber number = 2; number <= 3; ++number) cafe.finish_tiny(number);
  for (const Cafe::Result& order : orders) CHECK(served(order));
}

TEST_CASE("closing ends those that were handed over behind others, too") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(6);
  cafe.pool->close();
  cafe.finish(1, Kind::crashed);
  for (std::size_t i = 1; i < orders.size(); ++i) CHECK(served(orders[i], Kind::draining));
}

TEST_CASE("a worker that is stopped by hand while it serves says nothing about the function") {
  Cafe cafe({.limit = 1});
  for (WorkerNumber number = 1; number <= 6; ++number) {
    const auto order = cafe.order();
    CHECK(cafe.pool->stop_worker(number));
    cafe.finish(number, Kind::crashed);
    REQUIRE(served(order, Kind::crashed));
    CHECK((*order)->hint.find("stopped this worker") != std::string::npos);
  }
  cafe.order();
  CHECK(cafe.count(WorkerState::busy) == 1);  // no breaker in the way
}

TEST_CASE("stopping by hand: an idle worker goes at once, one that starts or is gone is none") {
  Cafe cafe({.limit = 2});
  cafe.order();
  cafe.finish(1);
  CHECK_FALSE(cafe.pool->stop_worker(7));
  CHECK(cafe.pool->stop_worker(1));
  cafe.turn();
  CHECK(cafe.source->kills == 1);
  CHECK_FALSE(cafe.pool->stop_worker(1));
  cafe.source->hold_starts = true;
  cafe.order();
  CHECK_FALSE(cafe.pool->stop_worker(2));
}

TEST_CASE("a worker that goes for one reason keeps it, though somebody stops it as well") {
  Cafe cafe({.limit = 2});
  cafe.source->corpses_stay = true;
  cafe.order();
  cafe.finish(1, Kind::timeout);
  REQUIRE(cafe.count(WorkerState::stopping) == 1);
  cafe.pool->stop_worker(1);
  cafe.die(1);
  const auto& stopped = cafe.log.metrics()[0].stopped;
  CHECK(stopped[static_cast<std::size_t>(events::StopReason::timeout)] == 1);
  CHECK(stopped[static_cast<std::size_t>(events::StopReason::user)] == 0);
}

TEST_CASE("warming up starts as many as the limit allows, and cooling down leaves none") {
  Cafe cafe({.limit = 3});
  CHECK(cafe.pool->warm(2) == 2);
  cafe.turn();
  CHECK(cafe.count(WorkerState::idle) == 2);
  CHECK(cafe.pool->warm(5) == 1);
  cafe.turn();
  const auto order = cafe.order();
  CHECK(cafe.pool->cold() == 3);
  cafe.turn();
  CHECK(cafe.count(WorkerState::idle) == 0);
  CHECK(cafe.count(WorkerState::busy) == 1);
  cafe.finish(3);
  CHECK(served(order));
  cafe.turn();
  CHECK(cafe.source->kills == 3);
  cafe.order();
  CHECK(cafe.source->starts == 4);
}

TEST_CASE("cooling down also means those that are about to be ready") {
  Cafe cafe({.limit = 3});
  cafe.source->hold_starts = true;
  CHECK(cafe.pool->warm(1) == 1);
  const auto order = cafe.order();
  CHECK(cafe.pool->cold() == 2);
  cafe.source->release_starts();
  cafe.turn();
  CHECK(cafe.count(WorkerState::idle) == 0);
  cafe.finish(2);
  CHECK(served(order));
  cafe.turn();
  CHECK(cafe.count(WorkerState::idle) == 0);
}

TEST_CASE("cooling down does not end what min_warm asks for: it is made anew") {
  Cafe cafe({.min_warm = 1, .limit = 2});
  cafe.pool->open();
  cafe.turn();
  cafe.pool->cold();
  cafe.turn();
  CHECK(cafe.count(WorkerState::idle) == 1);
  CHECK(cafe.source->starts == 2);
}

TEST_CASE("the time that workers stand idle and busy is counted up to their end") {
  Cafe cafe({.limit = 2}, {.reuse = true});
  const auto& metrics = cafe.log.metrics()[0];
  cafe.order();
  const TimePoint handed_over = Clock::now();
  while (Clock::now() - handed_over < std::chrono::milliseconds(5)) cafe.turn();
  cafe.finish(1, Kind::timeout);
  CHECK(metrics.busy_nanoseconds >= 5'000'000);
  cafe.order();
  cafe.finish(2);
  const TimePoint given_back = Clock::now();
  while (Clock::now() - given_back < std::chrono::milliseconds(5)) cafe.turn();
  CHECK(metrics.idle_nanoseconds == 0);
  cafe.pool->cold();
  CHECK(metrics.idle_nanoseconds >= 5'000'000);
}

TEST_CASE("workers are told with their state, their age and whom they serve") {
  Cafe cafe({.keep_warm = std::chrono::minutes(5), .limit = 3});
  cafe.order();
  cafe.order();
  cafe.finish(1);
  cafe.source->hold_starts = true;
  cafe.pool->warm(1);
  cafe.turn();
  const std::vector<WorkerStatus> workers = cafe.pool->workers();
  REQUIRE(workers.size() == 3);
  CHECK(workers[0].state == WorkerState::idle);
  CHECK(workers[0].served == 1);
  CHECK(workers[0].retires_at - workers[0].since == std::chrono::minutes(5));
  CHECK(workers[1].state == WorkerState::busy);
  CHECK(workers[1].served == 0);
  CHECK(workers[1].retires_at == TimePoint::max());
  CHECK(workers[2].state == WorkerState::starting);
  CHECK(workers[2].pid == 0);
}
