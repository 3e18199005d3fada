#include "pool/cafe.h"

using namespace coffees;
using namespace coffees::test;

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
  CHECK(cafe.count(WorkerState::draining) == 1);
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
  cafe.pass(std::chrono::milliseconds(5));
  cafe.finish(1, Kind::timeout);
  CHECK(metrics.busy_nanoseconds == 5'000'000);
  cafe.order();
  cafe.finish(2);
  cafe.pass(std::chrono::milliseconds(7));
  CHECK(metrics.idle_nanoseconds == 0);
  cafe.pool->cold();
  CHECK(metrics.idle_nanoseconds == 7'000'000);
}

TEST_CASE("a worker that is being stopped cannot be stopped once more") {
  Cafe cafe({.limit = 2});
  cafe.order();
  cafe.finish(1);
  cafe.source->corpses_stay = true;
  CHECK(cafe.pool->stop_worker(1));
  cafe.turn();
  CHECK(cafe.count(WorkerState::stopping) == 1);
  CHECK_FALSE(cafe.pool->stop_worker(1));
  cafe.die(1);
  CHECK_FALSE(cafe.pool->stop_worker(1));
}

TEST_CASE("a crash of a draining worker that was not killed is the function's own") {
  Cafe cafe({.limit = 1});
  for (WorkerNumber number = 1; number <= 5; ++number) {
    const auto order = cafe.order();
    cafe.pool->cold();
    REQUIRE(cafe.state(number) == WorkerState::draining);
    cafe.finish(number, Kind::crashed);
    REQUIRE(served(order, Kind::crashed));
    CHECK((*order)->hint.find("operator") == std::string::npos);
  }
  CHECK(cafe.pool->breaker_is_open());
}
