#include "dispatcher/dispatcher.h"

#include "pool/cafe.h"

using namespace coffees;
using namespace coffees::test;

namespace {

// A dispatcher with one function and workers that are no processes.
struct Counter {
  explicit Counter(scaler::Rules rules, PoolSettings settings = {})
      : log(timers, {"latte"}, {.ring_words = 1 << 12, .chunks = 1}) {
    settings.function = "latte";
    settings.rules = rules;
    settings.processors = 2;
    auto fake = std::make_unique<FakeSource>(loop, timers);
    source = fake.get();
    FunctionCatalog catalog;
    catalog["latte"] = std::make_unique<WorkerPool>(
        loop, timers, settings, std::make_unique<scaler::FixedKeepWarm>(rules), std::move(fake), log);
    dispatcher.emplace(std::move(catalog), log, clock);
  }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;
  ~Counter() { loop.abandon(); }

  Cafe::Result order(std::string_view function = "latte", Cancellation* cancellation = nullptr) {
    auto result = std::make_shared<std::optional<Outcome>>();
    spawn_detached(
        loop.get_executor(),
        [](Dispatcher& to, std::string_view name, Cancellation* whose, Cafe::Result into) -> Task<> {
          const Invocation call{.function = name, .cancellation = whose};
          Outcome outcome = co_await to.invoke(call);
          *into = std::move(outcome);
        }(*dispatcher, function, cancellation, result));
    turn();
    return result;
  }
  void turn() {
    loop.restart();
    loop.poll();
    dispatcher->catalog().at("latte")->table().verify();
  }
  void pass(Duration time) {
    clock.pass(time);
    timers.run_due();
    turn();
  }
  void finish(WorkerNumber number, Kind kind = Kind::ok, Delivery delivery = Delivery::started) {
    InvocationResult result;
    result.outcome.kind = kind;
    result.outcome.usage = {.cpu = std::chrono::microseconds(2), .waited = false};
    result.delivery = delivery;
    result.printed = false;
    source->workers.at(number)->finish(std::move(result));
    turn();
  }
  // One worker, of a function that is known to cost next to nothing.
  void become_tiny() {
    for (int i = 0; i < 40; ++i) {
      order();
      finish(1);
    }
  }

  Loop loop;
  ManualClock clock;
  TimerQueue timers{clock};
  events::EventLog log;
  FakeSource* source = nullptr;
  std::optional<Dispatcher> dispatcher;
};

}  // namespace

TEST_CASE("a name that no function has is answered with the names that there are") {
  Counter counter({.limit = 1});
  const auto order = counter.order("late");
  REQUIRE(served(order, Kind::unknown_function));
  CHECK((*order)->hint == "did you mean 'latte'? known: latte");
}

TEST_CASE("a draining dispatcher refuses new requests and finishes the others") {
  Counter counter({.limit = 2});
  const auto before = counter.order();
  counter.dispatcher->drain();
  CHECK(served(counter.order(), Kind::draining));
  counter.finish(1);
  CHECK(served(before));
}

TEST_CASE("a worker that died before it had read a request is replaced once, not twice") {
  Counter counter({.limit = 2});
  const auto order = counter.order();
  counter.finish(1, Kind::crashed, Delivery::not_started);
  CHECK_FALSE(*order);
  CHECK(counter.source->starts == 2);
  counter.finish(2, Kind::crashed, Delivery::not_started);
  CHECK(served(order, Kind::crashed));
  CHECK(counter.source->starts == 2);
}

TEST_CASE("a request whose handler may have seen it is never run again") {
  Counter counter({.limit = 2});
  const auto order = counter.order();
  counter.finish(1, Kind::crashed);
  CHECK(served(order, Kind::crashed));
  CHECK(counter.source->starts == 1);
}

TEST_CASE("a request that is revoked again and again is run in the end, and is never refused by the queue") {
  Counter counter({.limit = 1, .queue = 1});
  counter.become_tiny();
  const auto running = counter.order();
  const auto pipelined = counter.order();
  const auto waiting = counter.order();
  REQUIRE(counter.source->workers.at(1)->posted() == 2);
  // Not fast any more: both are revoked, and the queue has room for one.
  counter.pass(std::chrono::milliseconds(1));
  CHECK(counter.source->workers.at(1)->posted() == 0);
  CHECK(counter.dispatcher->catalog().at("latte")->queue().size() == 2);
  CHECK_FALSE(*pipelined);
  CHECK_FALSE(*waiting);
  CHECK(served(counter.order(), Kind::throttled));
  for (const auto& order : {running, pipelined, waiting}) {
    CHECK_FALSE(*order);
    counter.finish(1);
    CHECK(served(order));
  }
}

TEST_CASE("a revocation is no attempt: the one retry is still there") {
  Counter counter({.limit = 3});
  counter.become_tiny();
  counter.order();
  const auto order = counter.order();
  counter.pass(std::chrono::milliseconds(1));
  REQUIRE(counter.source->starts == 2);
  counter.finish(2, Kind::crashed, Delivery::not_started);
  CHECK_FALSE(*order);
  counter.finish(3);
  CHECK(served(order));
}

TEST_CASE(
    "a client that left before its worker was free uses up neither a worker nor a trial of the breaker") {
  Counter counter({.limit = 1});
  for (WorkerNumber number = 1; number <= 5; ++number) {
    counter.order();
    counter.finish(number, Kind::crashed);
  }
  REQUIRE(counter.dispatcher->catalog().at("latte")->breaker_is_open());
  counter.pass(std::chrono::milliseconds(1100));
  counter.source->hold_starts = true;
  Cancellation cancellation;
  const auto trial = counter.order("latte", &cancellation);
  cancellation.request();
  counter.source->release_starts();
  counter.turn();
  REQUIRE(served(trial, Kind::client_gone));
  const auto next = counter.order();
  counter.finish(6);
  CHECK(served(next));
  CHECK_FALSE(counter.dispatcher->catalog().at("latte")->breaker_is_open());
}
