#include "scaler/circuit_breaker.h"

#include <vector>

#include "catch.h"

using coffees::scaler::CircuitBreaker;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

void fail(CircuitBreaker& breaker, int times, CircuitBreaker::Time now) {
  for (int i = 0; i < times; ++i) breaker.failure(now, "died: aborted");
}

bool passes(CircuitBreaker& breaker, CircuitBreaker::Time now) { return breaker.try_pass(now).has_value(); }

}  // namespace

TEST_CASE("four failures in a row leave the breaker closed, the fifth opens it") {
  CircuitBreaker breaker;
  fail(breaker, 4, seconds(10));
  CHECK(passes(breaker, seconds(10)));
  fail(breaker, 1, seconds(10));
  CHECK(breaker.is_open());
  CHECK_FALSE(passes(breaker, seconds(10)));
  CHECK(breaker.last_cause() == "died: aborted");
}

TEST_CASE("a success between failures starts the count anew") {
  CircuitBreaker breaker;
  fail(breaker, 4, seconds(1));
  breaker.try_pass(seconds(1))->success();
  fail(breaker, 4, seconds(2));
  CHECK(passes(breaker, seconds(2)));
}

TEST_CASE("an open breaker lets one trial through after 1, 2, 4, ... 30 s") {
  CircuitBreaker breaker;
  fail(breaker, 5, seconds(0));
  CircuitBreaker::Time now = seconds(0);
  for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
    CHECK_FALSE(passes(breaker, now + seconds(pause) - milliseconds(1)));
    CHECK(breaker.pause_left(now) == seconds(pause));
    now += seconds(pause);
    std::optional<CircuitBreaker::Permit> trial = breaker.try_pass(now);
    REQUIRE(trial);
    CHECK_FALSE(passes(breaker, now));  // one at a time
    trial->failure(now, "died again");
  }
}

TEST_CASE("a trial that succeeds closes the breaker") {
  CircuitBreaker breaker;
  fail(breaker, 5, seconds(0));
  breaker.try_pass(seconds(1))->success();
  CHECK_FALSE(breaker.is_open());
  const auto one = breaker.try_pass(seconds(1));
  const auto other = breaker.try_pass(seconds(1));
  CHECK((one && other));
}

TEST_CASE("failures of requests that were under way do not lengthen the pause, nor end a trial") {
  CircuitBreaker breaker;
  std::vector<CircuitBreaker::Permit> under_way;
  under_way.reserve(20);
  for (int i = 0; i < 20; ++i) under_way.push_back(std::move(*breaker.try_pass(seconds(0))));
  for (std::size_t i = 0; i < 10; ++i) under_way[i].failure(seconds(0), "died: aborted");
  CHECK(breaker.pause_left(seconds(0)) == seconds(1));
  const auto trial = breaker.try_pass(seconds(1));
  REQUIRE(trial);
  for (std::size_t i = 10; i < 20; ++i) under_way[i].failure(seconds(1), "died: aborted");
  CHECK(breaker.pause_left(seconds(1)) == seconds(0));
  CHECK_FALSE(passes(breaker, seconds(1)));
}

TEST_CASE(
    "a success of a request that was under way closes the breaker, whatever the trial says afterwards") {
  CircuitBreaker breaker;
  auto under_way = breaker.try_pass(seconds(0));
  fail(breaker, 5, seconds(0));
  auto trial = breaker.try_pass(seconds(1));
  under_way->success();
  CHECK_FALSE(breaker.is_open());
  trial->failure(seconds(1), "died: aborted");
  CHECK_FALSE(breaker.is_open());
  CHECK(passes(breaker, seconds(1)));
}

TEST_CASE("a trial that is overtaken by a success says nothing of the trial after it") {
  CircuitBreaker breaker;
  auto under_way = breaker.try_pass(seconds(0));
  fail(breaker, 5, seconds(0));
  auto first = breaker.try_pass(seconds(1));
  under_way->success();
  fail(breaker, 5, seconds(2));
  const auto second = breaker.try_pass(seconds(3));
  REQUIRE(second);
  first.reset();
  CHECK_FALSE(passes(breaker, seconds(3)));
}

TEST_CASE("each change of state is told once") {
  using State = CircuitBreaker::State;
  std::vector<State> told;
  CircuitBreaker breaker([&told](State state) { told.push_back(state); });
  fail(breaker, 7, seconds(0));
  breaker.try_pass(seconds(1)).reset();
  breaker.try_pass(seconds(1))->failure(seconds(1), "died again");
  breaker.try_pass(seconds(3))->success();
  breaker.try_pass(seconds(3))->success();
  CHECK(told == std::vector<State>{State::open, State::half_open, State::open, State::half_open, State::open,
                                   State::half_open, State::closed});
}

TEST_CASE("a trial that ends without a verdict, or is never used, makes room for another") {
  CircuitBreaker breaker;
  fail(breaker, 5, seconds(0));
  {
    std::optional<CircuitBreaker::Permit> trial = breaker.try_pass(seconds(1));
    REQUIRE(trial);
    const CircuitBreaker::Permit moved(std::move(*trial));
    CHECK_FALSE(passes(breaker, seconds(1)));
  }
  CHECK(passes(breaker, seconds(1)));
}
