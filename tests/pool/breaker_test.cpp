#include "pool/breaker.h"

#include "catch.h"

using coffees::Breaker;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

void die(Breaker& breaker, int times, Breaker::Time now) {
  for (int i = 0; i < times; ++i) breaker.death(now, "died: aborted");
}

}  // namespace

TEST_CASE("four deaths in a row leave the breaker closed, the fifth opens it") {
  Breaker breaker;
  die(breaker, 4, seconds(10));
  CHECK(breaker.allow(seconds(10)));
  die(breaker, 1, seconds(10));
  CHECK(breaker.is_open());
  CHECK_FALSE(breaker.allow(seconds(10)));
  CHECK(breaker.last_cause() == "died: aborted");
}

TEST_CASE("a success between deaths starts the count anew") {
  Breaker breaker;
  die(breaker, 4, seconds(1));
  breaker.success();
  die(breaker, 4, seconds(2));
  CHECK(breaker.allow(seconds(2)));
}

TEST_CASE("an open breaker lets one trial through after 1, 2, 4, ... 30 s") {
  Breaker breaker;
  die(breaker, 5, seconds(0));
  Breaker::Time now = seconds(0);
  for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
    CHECK_FALSE(breaker.allow(now + seconds(pause) - milliseconds(1)));
    CHECK(breaker.pause_left(now) == seconds(pause));
    now += seconds(pause);
    CHECK(breaker.allow(now));
    CHECK_FALSE(breaker.allow(now));  // one at a time
    breaker.death(now, "died again");
  }
}

TEST_CASE("a trial that succeeds closes the breaker") {
  Breaker breaker;
  die(breaker, 5, seconds(0));
  REQUIRE(breaker.allow(seconds(1)));
  breaker.success();
  CHECK(breaker.allow(seconds(1)));
  CHECK(breaker.allow(seconds(1)));
}

TEST_CASE("deaths of requests that were under way do not lengthen the pause") {
  Breaker breaker;
  die(breaker, 20, seconds(0));
  CHECK(breaker.pause_left(seconds(0)) == seconds(1));
}

TEST_CASE("a trial that says nothing about the function makes room for another") {
  Breaker breaker;
  die(breaker, 5, seconds(0));
  REQUIRE(breaker.allow(seconds(1)));
  breaker.no_verdict();
  CHECK(breaker.allow(seconds(1)));
}
