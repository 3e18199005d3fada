#include "pool/worker_roster.h"

#include <random>

#include "catch.h"

using coffees::WorkerNumber;
using coffees::WorkerRoster;
using coffees::WorkerState;
using std::chrono::seconds;

namespace {

// Starts a worker and lets it become idle at that second.
WorkerNumber idle_since(WorkerRoster& roster, int second) {
  const WorkerNumber number = roster.add();
  roster.ready_idle(number, seconds(second));
  return number;
}

}  // namespace

TEST_CASE("a worker goes from starting over busy and idle to gone, and is counted in one state at a time") {
  WorkerRoster roster;
  const WorkerNumber number = roster.add();
  CHECK(roster.count(WorkerState::starting) == 1);
  roster.ready_busy(number);
  CHECK(roster.count(WorkerState::starting) == 0);
  CHECK(roster.count(WorkerState::busy) == 1);
  roster.give_back(number, seconds(5));
  CHECK(roster.state(number) == WorkerState::idle);
  roster.stop(number);
  CHECK(roster.count(WorkerState::idle) == 0);
  CHECK(roster.count(WorkerState::stopping) == 1);
  roster.reaped(number);
  CHECK(roster.state(number) == WorkerState::gone);
  CHECK(roster.count(WorkerState::stopping) == 0);
  roster.verify();
}

TEST_CASE("the idle worker that was freed last is taken first") {
  WorkerRoster roster;
  const WorkerNumber first = idle_since(roster, 1);
  const WorkerNumber second = idle_since(roster, 2);
  CHECK(roster.take_idle() == second);
  CHECK(roster.take_idle() == first);
  CHECK(roster.take_idle() == std::nullopt);
}

TEST_CASE("the idle worker that waits longest is the one to retire") {
  WorkerRoster roster;
  const WorkerNumber first = idle_since(roster, 1);
  idle_since(roster, 2);
  CHECK(roster.longest_idle() == first);
  CHECK(roster.longest_idle_since() == seconds(1));
  roster.stop(first);
  CHECK(roster.longest_idle_since() == seconds(2));
}

TEST_CASE("numbers are never used twice") {
  WorkerRoster roster;
  const WorkerNumber first = roster.add();
  roster.failed(first);
  CHECK(roster.add() != first);
}

TEST_CASE("an illegal step is refused and says so") {
  WorkerRoster roster;
  const WorkerNumber number = roster.add();
  CHECK_THROWS_AS(roster.give_back(number, seconds(1)), std::logic_error);
  CHECK_THROWS_AS(roster.reaped(number), std::logic_error);
  CHECK_THROWS_AS(roster.stop(number), std::logic_error);
  CHECK_THROWS_AS(roster.ready_busy(number + 1), std::logic_error);
  roster.ready_busy(number);
  CHECK_THROWS_AS(roster.ready_busy(number), std::logic_error);
  roster.verify();
}

TEST_CASE("the invariants hold after every step of ten thousand random lives") {
  std::mt19937 random(2633);
  WorkerRoster roster;
  std::vector<WorkerNumber> starting;
  std::vector<WorkerNumber> busy;
  std::vector<WorkerNumber> stopping;
  const auto pick = [&random](std::vector<WorkerNumber>& from) {
    const std::size_t index = random() % from.size();
    const WorkerNumber number = from[index];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
    return number;
  };
  for (int second = 0; second < 10'000; ++second) {
    switch (random() % 6) {
      case 0:
        starting.push_back(roster.add());
        break;
      case 1:
        if (!starting.empty()) {
          const WorkerNumber number = pick(starting);
          if (random() % 4 == 0) {
            roster.failed(number);
          } else {
            roster.ready_busy(number);
            busy.push_back(number);
          }
        }
        break;
      case 2:
        if (!busy.empty()) roster.give_back(pick(busy), seconds(second));
        break;
      case 3:
        if (const auto number = roster.take_idle()) busy.push_back(*number);
        break;
      case 4:
        if (roster.count(WorkerState::idle) > 0) {
          stopping.push_back(roster.longest_idle());
          roster.stop(stopping.back());
        } else if (!busy.empty()) {
          stopping.push_back(pick(busy));
          roster.stop(stopping.back());
        }
        break;
      default:
        if (!stopping.empty()) roster.reaped(pick(stopping));
    }
    REQUIRE_NOTHROW(roster.verify());
    REQUIRE(roster.count(WorkerState::busy) == busy.size());
  }
}
