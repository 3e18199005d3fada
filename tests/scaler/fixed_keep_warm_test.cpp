#include "scaler/fixed_keep_warm.h"

#include "catch.h"

using namespace coffees::scaler;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr Time at(Time time) { return time; }

Rules rules(std::size_t limit, std::size_t queue = 0, Time keep_warm = minutes(5), std::size_t min_warm = 0) {
  return {.keep_warm = keep_warm, .min_warm = min_warm, .limit = limit, .queue = queue};
}

}  // namespace

TEST_CASE("a request that meets an idle worker gets it") {
  FixedKeepWarm policy(rules(3));
  CHECK(policy.on_arrival({.idle = 1, .busy = 2}, at(seconds(1))) == Admission::dispatch);
}

TEST_CASE("a request that meets no idle worker gets one started, up to the limit") {
  FixedKeepWarm policy(rules(3));
  CHECK(policy.on_arrival({}, at(seconds(1))) == Admission::start);
  CHECK(policy.on_arrival({.starting = 1, .busy = 1}, at(seconds(1))) == Admission::start);
  CHECK(policy.on_arrival({.starting = 1, .busy = 2}, at(seconds(1))) == Admission::refuse);
}

TEST_CASE("at the limit a request waits while the queue has room, then it is refused") {
  FixedKeepWarm policy(rules(1, 2));
  CHECK(policy.on_arrival({.busy = 1, .waiting = 0}, at(seconds(1))) == Admission::queue);
  CHECK(policy.on_arrival({.busy = 1, .waiting = 1}, at(seconds(1))) == Admission::queue);
  CHECK(policy.on_arrival({.busy = 1, .waiting = 2}, at(seconds(1))) == Admission::refuse);
}

TEST_CASE("an idle worker that a waiting request has a claim to is not given to a newcomer") {
  FixedKeepWarm policy(rules(2, 5));
  CHECK(policy.on_arrival({.idle = 1, .busy = 1, .waiting = 1}, at(seconds(1))) == Admission::queue);
}

TEST_CASE("a freed worker goes to the request that waits longest") {
  FixedKeepWarm policy(rules(1, 5));
  CHECK(policy.on_completion({.idle = 1, .waiting = 1}, at(seconds(1))) == Step::dispatch);
  CHECK(policy.on_completion({.busy = 1, .waiting = 0}, at(seconds(1))) == Step::none);
}

TEST_CASE("a place that a dead worker leaves is taken by a start for the request that waits longest") {
  FixedKeepWarm policy(rules(1, 5));
  CHECK(policy.on_completion({.waiting = 2}, at(seconds(1))) == Step::start);
  CHECK(policy.on_completion({.starting = 1, .waiting = 1}, at(seconds(1))) == Step::none);
}

TEST_CASE("an idle worker goes keep_warm after its completion, not before") {
  FixedKeepWarm policy(rules(3, 0, seconds(60)));
  const Snapshot one_idle{.idle = 1, .longest_idle_since = seconds(100)};
  CHECK(policy.wake_at(one_idle) == at(seconds(160)));
  CHECK(policy.on_timer(one_idle, at(seconds(159))) == Step::none);
  CHECK(policy.on_timer(one_idle, at(seconds(160))) == Step::retire);
}

TEST_CASE("keep_warm = 0 retires a worker at its completion") {
  FixedKeepWarm policy(rules(3, 0, seconds(0)));
  CHECK(policy.on_completion({.idle = 1, .longest_idle_since = seconds(7)}, at(seconds(7))) == Step::retire);
}

TEST_CASE("a waiting request gets the freed worker even with keep_warm = 0") {
  FixedKeepWarm policy(rules(1, 1, seconds(0)));
  CHECK(policy.on_completion({.idle = 1, .waiting = 1, .longest_idle_since = seconds(7)}, at(seconds(7))) ==
        Step::dispatch);
}

TEST_CASE("keep_warm for ever never retires and never wraps around") {
  FixedKeepWarm policy(rules(3, 0, kForever));
  const Snapshot one_idle{.idle = 1, .longest_idle_since = seconds(100)};
  CHECK(policy.wake_at(one_idle) == kForever);
  CHECK(policy.on_timer(one_idle, kForever - seconds(1)) == Step::none);
}

TEST_CASE("min_warm workers stay, however long they are idle") {
  FixedKeepWarm policy(rules(5, 0, seconds(1), 2));
  const Snapshot three{.idle = 3, .longest_idle_since = seconds(0)};
  const Snapshot two{.idle = 2, .longest_idle_since = seconds(0)};
  CHECK(policy.on_timer(three, at(seconds(100))) == Step::retire);
  CHECK(policy.on_timer(two, at(seconds(100))) == Step::none);
  CHECK(policy.wake_at(two) == kForever);
}

TEST_CASE("min_warm workers are started before anybody asks, but not above the limit") {
  FixedKeepWarm policy(rules(2, 0, seconds(1), 2));
  CHECK(policy.on_timer({}, at(seconds(0))) == Step::start_spare);
  CHECK(policy.on_timer({.starting = 1}, at(seconds(0))) == Step::start_spare);
  CHECK(policy.on_timer({.starting = 1, .busy = 1}, at(seconds(0))) == Step::none);
}

TEST_CASE("a timeline: two cups, a break, one cup, and the stall floats away") {
  FixedKeepWarm policy(rules(2, 0, minutes(5)));
  CHECK(policy.on_arrival({}, at(minutes(0))) == Admission::start);           // first customer: cold
  CHECK(policy.on_arrival({.busy = 1}, at(minutes(0))) == Admission::start);  // second at once: another stall
  const Snapshot both_idle{.idle = 2, .longest_idle_since = minutes(1)};
  CHECK(policy.on_completion(both_idle, at(minutes(1))) == Step::none);        // both wait
  CHECK(policy.on_arrival(both_idle, at(minutes(4))) == Admission::dispatch);  // warm
  const Snapshot later{.idle = 2, .longest_idle_since = minutes(1)};
  CHECK(policy.on_timer(later, at(minutes(6))) == Step::retire);  // the one that was not used
  CHECK(policy.on_timer({.idle = 1, .longest_idle_since = minutes(5)}, at(minutes(6))) == Step::none);
}

TEST_CASE("workers above a lowered limit retire when they are idle, even if requests wait") {
  FixedKeepWarm policy({.limit = 2, .queue = 10});
  CHECK(policy.on_completion({.idle = 1, .busy = 2, .waiting = 3}, seconds(1)) == Step::retire);
  CHECK(policy.on_completion({.busy = 3, .waiting = 3}, seconds(1)) == Step::none);
  CHECK(policy.on_timer({.idle = 3}, seconds(1)) == Step::retire);
  CHECK(policy.on_completion({.idle = 1, .busy = 1, .waiting = 3}, seconds(1)) == Step::dispatch);
}
