#include "pool/worker_table.h"

#include <random>

#include "catch.h"

using namespace coffees;
using std::chrono::seconds;

namespace {

class IdleWorker final : public Worker {
  Task<InvocationResult> invoke(const Invocation&, Duration, bool, TurnListener&) override {
    co_return InvocationResult();
  }
  void kill() override {}
};

TimePoint at(int second) { return TimePoint(seconds(second)); }

WorkerRecord& add(WorkerTable& table) {
  WorkerRecord& worker = table.add(1, at(0));
  worker.worker = std::make_unique<IdleWorker>();
  return worker;
}

void become_idle(WorkerTable& table, WorkerRecord& worker, int second) {
  worker.leases = 0;
  worker.times.reported = at(second);
  table.become(worker, WorkerState::idle);
}

void become_busy(WorkerTable& table, WorkerRecord& worker) {
  table.become(worker, WorkerState::busy);
  worker.leases = 1;
}

// Starts a worker and lets it become idle at that second.
WorkerRecord& idle_since(WorkerTable& table, int second) {
  WorkerRecord& worker = add(table);
  become_idle(table, worker, second);
  return worker;
}

}  // namespace

TEST_CASE("a worker goes from starting over busy and idle to gone, and is counted in one state at a time") {
  WorkerTable table;
  WorkerRecord& worker = add(table);
  CHECK(table.count(WorkerState::starting) == 1);
  become_busy(table, worker);
  CHECK(table.count(WorkerState::starting) == 0);
  CHECK(table.count(WorkerState::busy) == 1);
  become_idle(table, worker, 5);
  CHECK(table.find(worker.number) == &worker);
  table.become(worker, WorkerState::stopping);
  CHECK(table.count(WorkerState::idle) == 0);
  CHECK(table.count(WorkerState::stopping) == 1);
  const WorkerNumber number = worker.number;
  table.become(worker, WorkerState::gone);
  CHECK(table.find(number) == nullptr);
  CHECK(table.count(WorkerState::stopping) == 0);
  table.verify();
}

TEST_CASE("a look-up of a worker that is not known makes none") {
  WorkerTable table;
  CHECK(table.find(7) == nullptr);
  CHECK(table.all().empty());
}

TEST_CASE(
    "the newest idle worker is the one that became idle last, the longest idle the one that was first") {
  WorkerTable table;
  WorkerRecord& first = idle_since(table, 1);
  WorkerRecord& second = idle_since(table, 2);
  CHECK(&table.newest_idle() == &second);
  CHECK(&table.longest_idle() == &first);
  table.become(first, WorkerState::stopping);
  CHECK(&table.longest_idle() == &second);
}

TEST_CASE("a worker whose lease was not used takes its former place among the idle ones") {
  WorkerTable table;
  WorkerRecord& first = idle_since(table, 1);
  WorkerRecord& second = idle_since(table, 2);
  become_busy(table, first);
  become_idle(table, first, 1);
  CHECK(&table.newest_idle() == &second);
  table.verify();
}

TEST_CASE("numbers are never used twice") {
  WorkerTable table;
  WorkerRecord& worker = add(table);
  const WorkerNumber first = worker.number;
  table.become(worker, WorkerState::gone);
  CHECK(add(table).number != first);
}

TEST_CASE("an illegal step is refused and says so") {
  WorkerTable table;
  WorkerRecord& worker = add(table);
  CHECK_THROWS_AS(table.become(worker, WorkerState::draining), std::logic_error);
  CHECK_THROWS_AS(table.become(worker, WorkerState::stopping), std::logic_error);
  become_busy(table, worker);
  CHECK_THROWS_AS(table.become(worker, WorkerState::busy), std::logic_error);
  CHECK_THROWS_AS(table.become(worker, WorkerState::gone), std::logic_error);
  CHECK_THROWS_WITH(table.become(worker, WorkerState::starting),
                    "worker table: worker 1 (busy) makes a step that its state does not allow");
  table.become(worker, WorkerState::draining);
  CHECK_THROWS_AS(table.become(worker, WorkerState::idle), std::logic_error);
  table.verify();
}

TEST_CASE("a busy worker without a lease, a lease without a busy worker and one too many are found") {
  WorkerTable table;
  WorkerRecord& worker = add(table);
  const int fault = GENERATE(0, 1, 2);
  if (fault == 0) table.become(worker, WorkerState::busy);
  if (fault == 1) {
    become_idle(table, worker, 1);
    worker.leases = 1;
  }
  if (fault == 2) {
    become_busy(table, worker);
    worker.leases = worker.worker->slots() + 1;
  }
  CHECK_THROWS_AS(table.verify(), std::logic_error);
}

TEST_CASE("the invariants hold after every step of ten thousand random lives") {
  std::mt19937 random(2633);
  WorkerTable table;
  std::vector<WorkerRecord*> starting;
  std::vector<WorkerRecord*> busy;
  std::vector<WorkerRecord*> stopping;
  const auto pick = [&random](std::vector<WorkerRecord*>& from) -> WorkerRecord& {
    const std::size_t index = random() % from.size();
    WorkerRecord& worker = *from[index];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
    return worker;
  };
  const auto stop = [&](WorkerRecord& worker) {
    worker.leases = 0;
    table.become(worker, WorkerState::stopping);
    stopping.push_back(&worker);
  };
  for (int second = 0; second < 10'000; ++second) {
    switch (random() % 6) {
      case 0:
        starting.push_back(&add(table));
        break;
      case 1:
        if (starting.empty()) break;
        if (random() % 4 == 0) {
          table.become(pick(starting), WorkerState::gone);
        } else {
          busy.push_back(&pick(starting));
          become_busy(table, *busy.back());
        }
        break;
      case 2:
        if (!busy.empty()) become_idle(table, pick(busy), second);
        break;
      case 3:
        if (table.count(WorkerState::idle) == 0) break;
        busy.push_back(&table.newest_idle());
        become_busy(table, *busy.back());
        break;
      case 4:
        if (table.count(WorkerState::idle) > 0)
          stop(table.longest_idle());
        else if (!busy.empty())
          stop(pick(busy));
        break;
      default:
        if (!stopping.empty()) table.become(pick(stopping), WorkerState::gone);
    }
    REQUIRE_NOTHROW(table.verify());
    REQUIRE(table.count(WorkerState::busy) == busy.size());
  }
}
