#include "timer_queue.h"

#include <memory>
#include <string>

#include "catch.h"
#include "manual_clock.h"
#include "request_id.h"

using namespace coffees;
using coffees::test::ManualClock;
using std::chrono::milliseconds;

namespace {

// Everything runs in the time of `clock`.
struct Stage {
  Loop loop;
  ManualClock clock;
  TimerQueue timers{clock};

  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() { loop.abandon(); }

  void turn() {
    loop.restart();
    loop.poll();
  }
  void pass(Duration time) {
    clock.pass(time);
    timers.run_due();
    turn();
  }
};

}  // namespace

TEST_CASE("deadlines are met in order of time, and of arming where that is the same") {
  Stage stage;
  std::string met;
  Deadline late(stage.timers, [&] { met += 'l'; });
  Deadline first(stage.timers, [&] { met += 'a'; });
  Deadline second(stage.timers, [&] { met += 'b'; });
  const TimePoint begin = stage.clock.now();
  late.arm(begin + milliseconds(20));
  first.arm(begin + milliseconds(10));
  second.arm(begin + milliseconds(10));
  CHECK(stage.timers.next() == begin + milliseconds(10));
  stage.pass(milliseconds(9));
  CHECK(met.empty());
  stage.pass(milliseconds(1));
  CHECK(met == "ab");
  stage.pass(milliseconds(10));
  CHECK(met == "abl");
  CHECK(stage.timers.next() == TimePoint::max());
}

TEST_CASE("a deadline that is armed again by its own expiry is met once for each time") {
  Stage stage;
  int times = 0;
  std::unique_ptr<Deadline> every;
  every = std::make_unique<Deadline>(stage.timers, [&] {
    if (++times < 3) every->arm(stage.clock.now());
  });
  every->arm(stage.clock.now());
  stage.pass(Duration(0));
  CHECK(times == 3);
  CHECK_FALSE(every->armed());
}

TEST_CASE("a deadline that was disarmed, moved on or destroyed is not met") {
  Stage stage;
  int times = 0;
  const TimePoint begin = stage.clock.now();
  Deadline disarmed(stage.timers, [&] { ++times; });
  Deadline moved_on(stage.timers, [&] { ++times; });
  auto destroyed = std::make_unique<Deadline>(stage.timers, [&] { ++times; });
  for (Deadline* deadline : {&disarmed, &moved_on, destroyed.get()}) deadline->arm(begin + milliseconds(5));
  disarmed.disarm();
  moved_on.arm(begin + milliseconds(50));
  destroyed.reset();
  stage.pass(milliseconds(10));
  CHECK(times == 0);
  stage.pass(milliseconds(40));
  CHECK(times == 1);
}

TEST_CASE("a wait for a signal ends with it or at its deadline, and says which") {
  Stage stage;
  Signal signal(stage.loop.get_executor());
  std::string ended;
  const auto wait = [](Stage& on, Signal& for_it, std::string& told) -> Task<> {
    told += co_await wait_until(on.timers, for_it, on.clock.now() + milliseconds(10)) ? "signal " : "late ";
  };
  spawn_detached(stage.loop.get_executor(), wait(stage, signal, ended));
  stage.turn();
  stage.pass(milliseconds(9));
  CHECK(ended.empty());
  signal.notify();
  stage.turn();
  CHECK(ended == "signal ");
  spawn_detached(stage.loop.get_executor(), wait(stage, signal, ended));
  stage.turn();
  stage.pass(milliseconds(10));
  CHECK(ended == "signal late ");
  CHECK(stage.timers.next() == TimePoint::max());
}

TEST_CASE("a notification wakes those who wait when it is given, in the order in which they came") {
  Stage stage;
  Signal signal(stage.loop.get_executor());
  std::string woken;
  const auto wait = [](Signal& for_it, std::string& told, char name) -> Task<> {
    co_await for_it.wait();
    told += name;
    co_await for_it.wait();
    told += static_cast<char>(name - 'a' + 'A');
  };
  for (const char name : {'a', 'b', 'c'})
    spawn_detached(stage.loop.get_executor(), wait(signal, woken, name));
  stage.turn();
  signal.notify();
  CHECK(woken.empty());
  stage.turn();
  CHECK(woken == "abc");
  signal.notify();
  stage.turn();
  CHECK(woken == "abcABC");
}

TEST_CASE("with the machine's clock the loop meets deadlines by itself") {
  const SystemClock clock;
  Loop loop;
  TimerQueue timers(loop.get_executor(), clock);
  const TimePoint when = clock.now() + milliseconds(2);
  TimePoint met;
  Deadline deadline(timers, [&] { met = clock.now(); });
  deadline.arm(when + std::chrono::hours(1));
  deadline.arm(when);
  loop.run_for(std::chrono::seconds(20));
  CHECK(met >= when);
}

TEST_CASE("the same seed at the same times gives the same request ids, sorted by time") {
  ManualClock clock;
  RequestIdSource one(clock, 7);
  RequestIdSource other(clock, 7);
  const RequestId first = one.make();
  CHECK(first.view() == other.make().view());
  clock.pass(milliseconds(1));
  const RequestId second = one.make();
  CHECK(second.view() == other.make().view());
  CHECK(first.view() < second.view());
  CHECK(RequestIdSource(clock).make().view() != RequestIdSource(clock).make().view());
}
