// A function's settings are replaced while it serves.
#include "pool/cafe.h"

using namespace coffees;
using namespace coffees::test;

namespace {

void replace(Cafe& cafe, scaler::Rules rules, std::uint32_t generation = 1) {
  PoolSettings settings = cafe.pool->settings();
  settings.rules = rules;
  settings.generation = generation;
  cafe.pool->replace(settings, std::make_unique<scaler::FixedKeepWarm>(rules));
  cafe.turn();
}

}  // namespace

TEST_CASE("a lower limit retires idle workers at once and busy ones when they have answered") {
  Cafe cafe({.limit = 4});
  const auto orders = cafe.order_all(4);
  cafe.finish(1);
  cafe.finish(2);
  replace(cafe, {.limit = 1});
  CHECK(cafe.count(WorkerState::idle) == 0);
  CHECK(cafe.count(WorkerState::busy) == 2);
  cafe.finish(3);
  CHECK(cafe.count(WorkerState::idle) == 0);
  cafe.finish(4);
  CHECK(cafe.count(WorkerState::idle) == 1);
  for (const auto& order : orders) CHECK(served(order));
}

TEST_CASE("a higher limit lets requests that wait have workers at once") {
  Cafe cafe({.limit = 1, .queue = 2});
  const auto orders = cafe.order_all(3);
  CHECK(cafe.source->starts == 1);
  replace(cafe, {.limit = 3, .queue = 2});
  CHECK(cafe.source->starts == 3);
  for (WorkerNumber number = 1; number <= 3; ++number) cafe.finish(number);
  for (const auto& order : orders) CHECK(served(order));
}

TEST_CASE("another generation drains the workers of the one before, and new requests get new workers") {
  Cafe cafe({.limit = 4});
  const auto busy = cafe.order();
  cafe.order();
  cafe.finish(2);
  replace(cafe, {.limit = 4}, 2);
  CHECK(cafe.state(1) == WorkerState::draining);
  CHECK(cafe.state(2) == WorkerState::gone);
  const auto next = cafe.order();
  CHECK(cafe.pool->table().all().at(3).generation == 2);
  cafe.finish(1);
  cafe.finish(3);
  CHECK((served(busy) && served(next)));
  CHECK(cafe.state(1) == WorkerState::gone);
  CHECK(cafe.state(3) == WorkerState::idle);
}

TEST_CASE("a worker that was starting for another generation serves its request and stops then") {
  Cafe cafe({.limit = 2});
  cafe.source->hold_starts = true;
  const auto order = cafe.order();
  replace(cafe, {.limit = 2}, 2);
  cafe.source->release_starts();
  cafe.turn();
  CHECK(cafe.state(1) == WorkerState::draining);
  cafe.finish(1);
  CHECK(served(order));
  CHECK(cafe.state(1) == WorkerState::gone);
}

TEST_CASE("min_warm of the new settings is restored without a request") {
  Cafe cafe({.limit = 4});
  replace(cafe, {.min_warm = 2, .limit = 4});
  CHECK(cafe.count(WorkerState::idle) == 2);
}
