// Three chefs: a lazy pipeline for each dish, three dishes at a time.
#include <map>

#include "catch.h"
#include "lunch_street/performance.h"

using namespace coffees::test;

namespace {

// Steps of one order, in the order in which they may come.
int stage(const std::string& what) {
  const std::string step = what.substr(what.find(": ") + 2);
  if (step.starts_with("gets ")) return 0;
  if (step == "cooks") return 1;
  if (step == "seasons") return 2;
  if (step == "serves") return 3;
  return -1;
}

void check_kitchen(const Performance& kitchen, std::size_t orders) {
  CHECK(kitchen.exit_code == 0);
  std::map<int, std::vector<Line>> dishes;
  for (const Line& line : kitchen.with("order ", "chef"))
    dishes[number_after(line.what, "order")].push_back(line);
  CHECK(dishes.size() == orders);
  std::vector<Stretch> in_progress;
  for (const auto& [number, steps] : dishes) {
    INFO(number);
    CHECK(steps.size() >= 5);
    CHECK(stage(steps.front().what) == 0);
    CHECK(stage(steps.back().what) == 3);
    for (std::size_t i = 1; i < steps.size(); ++i) {
      CHECK(stage(steps[i - 1].what) <= stage(steps[i].what));
      CHECK(steps[i].who == steps[0].who);
    }
    in_progress.push_back({steps.front().time, steps.back().time});
  }
  CHECK(most_at_once(in_progress) == 3);
  int expected = 0;
  for (const Line& line : kitchen.with("brings order")) CHECK(number_after(line.what, "order") == ++expected);
  CHECK(expected == static_cast<int>(orders));
}

}  // namespace

TEST_CASE(
    "three chefs as threads: three dishes in progress, each in pipeline order, plates in order of ordering") {
  const Performance kitchen = perform("three_chefs_threads", {"--customers", "10", "--seed", "7"});
  check_kitchen(kitchen, 10);
  CHECK(kitchen.most_threads >= 4);  // ThreadSanitizer has one of its own
}

TEST_CASE("three chefs as tasks: the same with a single thread") {
  const Performance kitchen = perform("three_chefs_async", {"--customers", "10", "--seed", "7"});
  check_kitchen(kitchen, 10);
  CHECK(kitchen.most_threads == 1);
}

TEST_CASE("between one and ten customers come, the same ones for the same seed") {
  const auto orders = [](const std::string& program, const std::string& seed) {
    std::vector<std::string> all;
    for (const Line& line : perform(program, {"--seed", seed}).with(" is ", "waiter"))
      all.push_back(line.what);
    return all;
  };
  const std::vector<std::string> some = orders("three_chefs_async", "1");
  CHECK_FALSE(some.empty());
  CHECK(some.size() <= 10);
  CHECK(orders("three_chefs_threads", "1") == some);
}
