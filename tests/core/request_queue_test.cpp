#include "request_queue.h"

#include <map>
#include <vector>

#include "catch.h"
#include "manual_clock.h"

using namespace coffees;
using Reason = RequestQueue::Reason;
using Verdict = RequestQueue::Verdict;

namespace {

class LeavingCaller final : public Caller {
 public:
  bool has_left() override { return left; }
  bool left = false;
};

// Requests by their place, and what became of their waits.
struct Line {
  Line() = default;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { loop.abandon(); }

  void wait(std::uint64_t place, Reason reason, Caller* caller = nullptr,
            TimePoint until = TimePoint::max()) {
    spawn_detached(loop.get_executor(),
                   [](Line& line, std::uint64_t own, Reason why, Caller* whose, TimePoint end) -> Task<> {
                     RequestQueue::Entry entry(line.queue, own, whose);
                     const Verdict verdict = co_await entry.wait(why, &line.timers, end);
                     line.order.push_back(own);
                     line.verdicts[own] = verdict;
                   }(*this, place, reason, caller, until));
    turn();
  }
  void turn() {
    loop.restart();
    loop.poll();
  }

  Loop loop;
  test::ManualClock clock;
  TimerQueue timers{clock};
  RequestQueue queue{loop.get_executor()};
  std::vector<std::uint64_t> order;
  std::map<std::uint64_t, Verdict> verdicts;
};

}  // namespace

TEST_CASE("requests go on in the order of their places, not of their waits") {
  Line line;
  for (const std::uint64_t place : std::initializer_list<std::uint64_t>{2, 5, 3, 1, 4})
    line.wait(place, Reason::limiter);
  CHECK(line.queue.size() == 5);
  while (line.queue.size() > 0) line.queue.resume_front(Reason::limiter);
  CHECK(line.order == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
}

TEST_CASE("who waits for the limiter is not in the way of one that waits for a worker") {
  Line line;
  line.wait(1, Reason::limiter);
  line.wait(2, Reason::worker);
  line.queue.decide_front(Reason::worker, Verdict::start);
  line.turn();
  CHECK(line.verdicts == std::map<std::uint64_t, Verdict>{{2, Verdict::start}});
  CHECK(line.queue.size(Reason::limiter) == 1);
}

TEST_CASE("a wait ends at its time, not before, and is decided once") {
  Line line;
  line.wait(1, Reason::worker, nullptr, line.clock.now() + std::chrono::seconds(1));
  line.clock.pass(std::chrono::seconds(1) - std::chrono::nanoseconds(1));
  line.timers.run_due();
  CHECK(line.queue.size() == 1);
  line.clock.pass(std::chrono::nanoseconds(1));
  line.timers.run_due();
  CHECK(line.queue.size() == 0);
  line.queue.close();
  line.turn();
  CHECK(line.verdicts == std::map<std::uint64_t, Verdict>{{1, Verdict::expired}});
}

TEST_CASE("one that is granted a worker at the moment when its time ends has the worker") {
  Line line;
  line.wait(1, Reason::worker, nullptr, line.clock.now() + std::chrono::seconds(1));
  line.queue.decide_front(Reason::worker, Verdict::worker);
  line.clock.pass(std::chrono::seconds(1));
  line.timers.run_due();
  line.turn();
  CHECK(line.verdicts == std::map<std::uint64_t, Verdict>{{1, Verdict::worker}});
}

TEST_CASE("clients that have left give up their place: at the front, or wherever they are") {
  Line line;
  LeavingCaller callers[3];
  for (std::uint64_t i = 0; i < 3; ++i) line.wait(i, Reason::worker, &callers[i]);
  callers[1].left = true;
  line.queue.drop_left_at_front();
  CHECK(line.queue.size() == 3);
  line.queue.drop_left();
  CHECK(line.queue.size() == 2);
  callers[0].left = true;
  line.queue.drop_left_at_front();
  line.turn();
  CHECK(line.verdicts == std::map<std::uint64_t, Verdict>{{0, Verdict::left}, {1, Verdict::left}});
}

TEST_CASE("closing ends all waits") {
  Line line;
  line.wait(1, Reason::limiter);
  line.wait(2, Reason::worker);
  line.queue.close();
  line.turn();
  CHECK(line.queue.size() == 0);
  CHECK(line.verdicts == std::map<std::uint64_t, Verdict>{{1, Verdict::closed}, {2, Verdict::closed}});
}

TEST_CASE("a loop that is torn down takes those that wait out of the queue") {
  Line line;
  line.wait(1, Reason::limiter);
  line.wait(2, Reason::worker, nullptr, line.clock.now() + std::chrono::seconds(1));
  line.loop.abandon();
  CHECK(line.queue.size() == 0);
}
