#include "pool/cafe.h"

using namespace coffees;
using namespace coffees::test;

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

TEST_CASE("parallel orders get a worker each, up to the limit, the next is refused") {
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
  Cafe cafe({.limit = 1, .queue = 2}, {.queue_timeout = std::chrono::seconds(2)});
  const auto first = cafe.order();
  const auto second = cafe.order();
  cafe.pass(std::chrono::milliseconds(1999));
  CHECK_FALSE(*second);
  cafe.pass(std::chrono::milliseconds(1));
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

TEST_CASE("a lease that is given back unused was no trial: the next order is one") {
  Cafe cafe({.limit = 1});
  for (WorkerNumber number = 1; number <= 5; ++number) {
    cafe.order();
    cafe.finish(number, Kind::crashed);
  }
  REQUIRE(cafe.pool->breaker_is_open());
  cafe.pass(std::chrono::milliseconds(1100));
  // What the dispatcher does for a client that has left before its worker was free.
  bool had_lease = false;
  spawn_detached(cafe.loop.get_executor(), [](WorkerPool& from, bool& had) -> Task<> {
    const Invocation call;
    Ticket ticket = from.ticket();
    const Acquired acquired = co_await from.acquire(call, ticket);
    had = std::holds_alternative<Lease>(acquired);
  }(*cafe.pool, had_lease));
  cafe.turn();
  REQUIRE(had_lease);
  const auto next = cafe.order();
  CHECK_FALSE(*next);
  cafe.finish(6);
  CHECK(served(next));
  CHECK_FALSE(cafe.pool->breaker_is_open());
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
  CHECK(served(first, Kind::draining));
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

namespace {

struct FakeCaller : Caller {
  bool left = false;
  int asked = 0;
  bool has_left() override {
    ++asked;
    return left;
  }
};

}  // namespace

TEST_CASE("a client that has left the queue is not given the worker that comes free, but the next one is") {
  Cafe cafe({.limit = 1, .queue = 3});
  const auto first = cafe.order();
  FakeCaller gone;
  FakeCaller patient;
  const auto second = cafe.order(&gone);
  const auto third = cafe.order(&patient);
  gone.left = true;
  cafe.finish(1);
  CHECK(served(first));
  CHECK(served(second, Kind::client_gone));
  CHECK_FALSE(*third);
  cafe.finish(1);
  CHECK(served(third));
  CHECK(cafe.pool->snapshot().waiting == 0);
}

TEST_CASE("a client that leaves makes room in the queue although no worker comes free") {
  Cafe cafe({.limit = 1, .queue = 1}, {.queue_timeout = std::chrono::hours(1)});
  cafe.order();
  FakeCaller gone;
  const auto second = cafe.order(&gone);
  CHECK(served(cafe.order(), Kind::throttled));
  gone.left = true;
  cafe.pass(std::chrono::milliseconds(100));
  CHECK(served(second, Kind::client_gone));
  CHECK_FALSE(*cafe.order());
}

TEST_CASE("who need not wait is never watched, nor who has a worker") {
  Cafe cafe({.limit = 1, .queue = 1});
  FakeCaller caller;
  const auto first = cafe.order(&caller);
  caller.left = true;
  cafe.finish(1);
  CHECK(served(first));
  CHECK(caller.asked == 0);
}
