// What is gained by waiting for several things at once: coffee, bread, replies, first steps.
#include "catch.h"
#include "lunch_street/performance.h"

using namespace coffees::test;

// Slower than the other tests: at five times the story's speed an interruption of a tenth of a second is half
// a second of the story.
constexpr int kSpeed = 5;

TEST_CASE("water and beans take 3 together, not 5, on one thread") {
  const Performance shop = perform("coffee_shop", {}, kSpeed);
  CHECK(shop.exit_code == 0);
  CHECK(about(shop.end(), 3));
  CHECK(shop.end() < 4.9);
  CHECK(shop.most_threads == 1);
  CHECK(shop.time_of("beans are ground") < shop.time_of("water boils"));
}

TEST_CASE("bread and sandwiches take 6 together, and no line on the board is torn") {
  const Performance kitchen = perform("bread_and_sandwiches", {}, kSpeed);
  CHECK(kitchen.exit_code == 0);
  CHECK(kitchen.most_threads >= 3);  // ThreadSanitizer has one of its own
  CHECK(kitchen.with("bread", "baker").size() == 3);
  CHECK(kitchen.with("sandwich", "cook").size() == 3);
  CHECK(kitchen.lines.size() == 7);
  CHECK(about(kitchen.end(), 6));
  CHECK(kitchen.end() < 8.9);
  CHECK(kitchen.time_of("sandwich 3") < kitchen.time_of("bread 3"));
}

TEST_CASE("four replies take 4 one after another, and 1 with threads or tasks") {
  const Performance replies = perform("waiting_for_replies", {}, kSpeed);
  CHECK(replies.exit_code == 0);
  for (const char* way : {"in turn", "threads", "async"}) {
    INFO(way);
    for (int i = 1; i <= 4; ++i) CHECK(replies.with("reply " + std::to_string(i), way).size() == 1);
    const auto result = replies.with("4 replies took", way);
    REQUIRE(result.size() == 1);
    const double took = std::stod(result[0].what.substr(result[0].what.find("took ") + 5));
    CHECK(about(took, std::string(way) == "in turn" ? 4 : 1));
  }
}

TEST_CASE("a bill is fetched while the loop ticks, and added up in a thread while it ticks") {
  const Performance loop = perform("fetch_then_process", {}, kSpeed);
  CHECK(loop.exit_code == 0);
  const auto fetched = loop.with("the bill is here");
  REQUIRE(fetched.size() == 1);
  CHECK(number_after(fetched[0].what, "ticked") >= 3);
  CHECK(about(fetched[0].time - loop.time_of("asks for the bill"), 1));
  const auto sum = loop.with("it comes to 5050");
  REQUIRE(sum.size() == 1);
  CHECK(number_after(sum[0].what, "ticked") >= 3);
}

TEST_CASE("five workers that wait 2 each are ready after 2, not 10") {
  const Performance steps = perform("workers", {}, kSpeed);
  CHECK(steps.exit_code == 0);
  const auto took = [&](const std::string& step) {
    const auto line = steps.with(step + " took ", "step");
    REQUIRE(line.size() == 1);
    return std::stod(line[0].what.substr(line[0].what.find("took ") + 5));
  };
  CHECK(steps.most_processes == 5);
  CHECK(steps.most_threads >= 6);  // the first one, and five
  CHECK(steps.with("counts ", "counter").size() == 5);
  CHECK(about(took("five threads"), 2));
  CHECK(about(took("five processes"), 2));
  CHECK(about(took("two tasks"), 2));
  CHECK(took("two tasks") < 2.9);  // one after another: 3
  CHECK(steps.with("has waited 2", "thread").size() == 5);
  CHECK(steps.with("has waited 2", "process").size() == 5);
  const auto moved = steps.with("2 became 4");
  REQUIRE(moved.size() == 1);
  CHECK(number_after(moved[0].what, "ticked") >= 5);
}
