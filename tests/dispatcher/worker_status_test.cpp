#include "dispatcher/worker_status.h"

#include "pool/cafe.h"

using namespace coffees;
using namespace coffees::test;

TEST_CASE("workers are reported with their state, their age and the request that they serve") {
  Cafe cafe({.keep_warm = std::chrono::minutes(5), .limit = 3});
  cafe.order();
  cafe.order();
  cafe.finish(1);
  cafe.source->hold_starts = true;
  cafe.pool->warm(1);
  cafe.turn();
  const std::vector<WorkerStatus> workers = worker_statuses(*cafe.pool, cafe.now());
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
