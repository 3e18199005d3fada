#include "scaler/concurrency_limiter.h"

#include "catch.h"

using coffees::scaler::ConcurrencyLimiter;

namespace {

using std::chrono::microseconds;

void run(ConcurrencyLimiter& limiter, int times, ConcurrencyLimiter::Cost cost) {
  for (int i = 0; i < times; ++i) {
    limiter.begin(99, {});
    limiter.finish(99, cost);
  }
}

// Of a function that has shown to be fast, on two processors.
ConcurrencyLimiter fast(ConcurrencyLimiter::Time cpu = microseconds(100)) {
  ConcurrencyLimiter limiter(2);
  run(limiter, 16, {.cpu = cpu});
  return limiter;
}

}  // namespace

TEST_CASE("a function that is not known yet may run as often as it likes") {
  ConcurrencyLimiter limiter(2);
  for (unsigned worker = 1; worker <= 100; ++worker) limiter.begin(worker, {});
  CHECK_FALSE(limiter.at_limit(true));
}

TEST_CASE("of a fast function two run for each processor, and the next when one has ended") {
  ConcurrencyLimiter limiter = fast();
  for (unsigned worker = 1; worker <= 3; ++worker) limiter.begin(worker, {});
  CHECK_FALSE(limiter.can_pipeline());
  CHECK_FALSE(limiter.at_limit(false));
  limiter.begin(4, {});
  CHECK(limiter.at_limit(false));
  limiter.finish(4, {.cpu = microseconds(100)});
  CHECK_FALSE(limiter.at_limit(false));
}

TEST_CASE("of a function that costs next to nothing one runs at once") {
  ConcurrencyLimiter limiter = fast(microseconds(5));
  CHECK(limiter.can_pipeline());
  CHECK_FALSE(limiter.at_limit(true));
  limiter.begin(1, {});
  CHECK(limiter.at_limit(true));
  CHECK_FALSE(limiter.at_limit(false));  // where it cannot be handed over behind that one
  // One that took long does not make the others expensive, many do.
  limiter.finish(1, {.cpu = microseconds(100)});
  CHECK(limiter.can_pipeline());
  run(limiter, 16, {.cpu = microseconds(100)});
  CHECK_FALSE(limiter.can_pipeline());
  CHECK(limiter.is_fast());
}

TEST_CASE("a function that prints is not pipelined") {
  ConcurrencyLimiter limiter = fast(microseconds(5));
  run(limiter, 1, {.cpu = microseconds(5), .printed = true});
  CHECK(limiter.is_fast());
  CHECK_FALSE(limiter.can_pipeline());
  run(limiter, 1, {.cpu = microseconds(5)});
  CHECK(limiter.can_pipeline());
}

TEST_CASE("one invocation that waited or took long ends the limit") {
  const auto [waited, cpu] = GENERATE(std::pair(true, microseconds(5)), std::pair(false, microseconds(500)));
  ConcurrencyLimiter limiter = fast();
  for (unsigned worker = 1; worker <= 6; ++worker) limiter.begin(worker, {});
  CHECK(limiter.at_limit(false));
  limiter.finish(1, {.cpu = cpu, .waited = waited});
  CHECK_FALSE(limiter.at_limit(false));
}

TEST_CASE("invocations that ran at a reset do not count, and their ends neither") {
  ConcurrencyLimiter limiter = fast();
  for (unsigned worker = 1; worker <= 4; ++worker) limiter.begin(worker, {});
  CHECK(limiter.at_limit(false));
  limiter.reset();
  CHECK_FALSE(limiter.at_limit(false));
  run(limiter, 16, {.cpu = microseconds(100)});
  for (unsigned worker = 11; worker <= 14; ++worker) limiter.begin(worker, {});
  limiter.finish(4, {.cpu = microseconds(100)});
  CHECK(limiter.at_limit(false));
}

TEST_CASE("the invocations that run are told in the order in which they began") {
  ConcurrencyLimiter limiter = fast();
  limiter.begin(7, microseconds(1));
  limiter.begin(5, microseconds(2));
  REQUIRE(limiter.running().size() == 2);
  CHECK(limiter.running().front().worker == 7);
  CHECK(limiter.running().front().began == microseconds(1));
}
