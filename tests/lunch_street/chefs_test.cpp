// Three chefs: a lazy pipeline for each dish, three dishes at a time.
#include <map>
#include <set>

#include "catch.h"
#include "lunch_street/performance.h"
#include "street/generator.h"

using namespace coffees::test;

namespace {

// Steps of one order, in the order in which they may come.
int stage(const std::string& what) {
  const std::string step = what.substr(what.find(": ") + 2);
  if (step.starts_with("gets ")) return 0;
  if (step == "cooks") return 1;
  if (step == "seasons") return 2;
  if (step == "serves") return 3;
  if (step == "is ready") return 4;
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
    std::map<int, int> of_stage;
    for (const Line& step : steps) ++of_stage[stage(step.what)];
    CHECK(of_stage.size() == 5);
    CHECK(of_stage[0] >= 2);  // ingredients
    for (const int once : {1, 2, 3, 4}) CHECK(of_stage[once] == 1);
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

namespace {

std::vector<std::string> orders(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> all;
  for (const Line& line : perform(program, arguments, 1000).with(" is ", "waiter"))
    all.push_back(line.what.substr(line.what.find(" is ") + 4));
  return all;
}

}  // namespace

TEST_CASE("between one and ten customers come, the same ones for the same seed, and there are five dishes") {
  std::set<std::size_t> sizes;
  for (const char* seed : {"1", "2", "3", "4", "5", "6", "7", "8"}) {
    const std::vector<std::string> some = orders("three_chefs_async", {"--seed", seed});
    CHECK_FALSE(some.empty());
    CHECK(some.size() <= 10);
    sizes.insert(some.size());
    CHECK(orders("three_chefs_threads", {"--seed", seed}) == some);
  }
  CHECK(sizes.size() > 1);
  const std::vector<std::string> many = orders("three_chefs_async", {"--seed", "1", "--customers", "60"});
  CHECK(std::set<std::string>(many.begin(), many.end()).size() == 5);
}

TEST_CASE("a generator makes nothing before it is asked, and then one value at a time") {
  int made = 0;
  const auto numbers = [&made]() -> lunch::Generator<int> {
    for (int i = 1; i <= 3; ++i) {
      ++made;
      co_yield i;
    }
  };
  lunch::Generator<int> lazy = numbers();
  CHECK(made == 0);
  int seen = 0;
  for (const int number : lazy) {
    CHECK(number == ++seen);
    CHECK(made == seen);
  }
  CHECK(seen == 3);
}
