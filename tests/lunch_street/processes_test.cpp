// What happens in several processes: salads, calculations beside a loop, a sum in chunks.
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <set>

#include "catch.h"
#include "lunch_street/performance.h"

using namespace coffees::test;

namespace {

std::string path(const std::string& program) { return std::string(COFFEES_LUNCH_DIRECTORY) + "/" + program; }

}  // namespace

TEST_CASE("salads are made by processes that work at the same time, and no bowl is lost") {
  const Performance bar = perform("parallel_salads", {"--staff", "4", "--customers", "12", "--bowls", "5"});
  CHECK(bar.exit_code == 0);
  CHECK(bar.most_threads == 1);
  CHECK(bar.most_processes == 4);
  std::map<int, double> begun;
  std::map<int, std::string> makers;
  std::vector<Stretch> salads;
  std::map<int, std::vector<Stretch>> in_bowl;
  for (const Line& line : bar.lines) {
    const int customer = number_after(line.what, "customer");
    if (line.what.starts_with("begins")) {
      begun[customer] = line.time;
      makers[customer] = line.who;
    } else if (line.what.starts_with("serves")) {
      CHECK(makers[customer] == line.who);
      salads.push_back({begun.at(customer), line.time});
      in_bowl[number_after(line.what, "bowl")].push_back(salads.back());
    }
  }
  CHECK(salads.size() == 12);
  CHECK(makers.size() == 12);
  for (const auto& [bowl, uses] : in_bowl) {
    INFO(bowl);
    CHECK(most_at_once(uses) == 1);
  }
  CHECK(most_at_once(salads) == 3);
  std::set<std::string> all_makers;
  for (const auto& [customer, maker] : makers) all_makers.insert(maker);
  CHECK(all_makers.size() == 3);
  REQUIRE_FALSE(bar.lines.empty());
  CHECK(bar.lines.back().what == "12 salads by 3 makers; 5 of 5 bowls are clean");
}

namespace {

// Of the gaps between ticks, in milliseconds.
double p90_of(const Performance& counter) {
  REQUIRE_FALSE(counter.lines.empty());
  const std::string last = counter.lines.back().what;
  INFO(last);
  CHECK(number_after(last, "ticked") > 20);
  const std::size_t p90 = last.find(" ms (p90)");
  REQUIRE(p90 != std::string::npos);
  return std::stod(last.substr(last.rfind(' ', p90 - 1)));
}

}  // namespace

TEST_CASE("the loop goes on ticking while a pool of processes calculates") {
  double p90 = 1000;
  // Something else may keep both processors busy for a while.
  for (int attempt = 0; attempt < 4 && p90 > 20; ++attempt) {
    const Performance counter = perform("offload", {"--orders", "8"});
    CHECK(counter.exit_code == 0);
    CHECK(counter.most_threads == 1);
    CHECK(counter.most_processes == 2);
    for (int order = 1; order <= 8; ++order)
      CHECK(counter.with(std::to_string(order) + " x 3.14 = ").size() == 1);
    CHECK(counter.with("7 x 3.14 = 21.98").size() == 1);
    // What is short is served before the first long one is done.
    CHECK(counter.time_of("customer 2 has a glass of water") < counter.with(" x 3.14 = ").front().time);
    p90 = p90_of(counter);
  }
  CHECK(p90 <= 20);
}

TEST_CASE("1 to 100 is added up in four chunks by four processes") {
  const Performance adders = perform("adding_in_chunks");
  CHECK(adders.exit_code == 0);
  CHECK(adders.most_processes == 4);
  for (int adder = 1; adder <= 4; ++adder)
    CHECK(adders.with(" is ", "adder " + std::to_string(adder)).size() == 1);
  REQUIRE_FALSE(adders.lines.empty());
  CHECK(adders.lines.back().what == "325 + 950 + 1575 + 2200 = 5050");
}

TEST_CASE("when the processes of a program die, it ends and says so") {
  for (const char* program : {"parallel_salads", "adding_in_chunks"}) {
    INFO(program);
    // Nobody reads what they say: they die of it.
    std::signal(SIGPIPE, SIG_DFL);  // this test may have been started with it ignored
    const std::string line = "{ timeout 20 " + path(program) +
                             " --speed 5 2>&3 | head -n 0; test ${PIPESTATUS[0]} -eq 1; } 3>&1 | grep -q "
                             "\"did not end well\"; test ${PIPESTATUS[0]}${PIPESTATUS[1]} = 00";
    CHECK(std::system(("bash -c '" + line + "'").c_str()) == 0);
  }
}

TEST_CASE("a program that is killed takes its processes with it") {
  CHECK(left_behind("parallel_salads", 4).empty());
  CHECK(left_behind("offload", 2).empty());
}

TEST_CASE("wrong options end with 2, output that cannot be written with 1") {
  const auto exit_code = [](const std::string& line) {
    return WEXITSTATUS(std::system((line + " > /dev/full 2> /dev/null").c_str()));
  };
  for (const char* speed : {"0", "-1", "nan", "inf", "1e9", "quick"})
    CHECK(exit_code(path("coffee_shop") + " --speed " + speed) == 2);
  CHECK(exit_code(path("three_chefs_async") + " --customers -1") == 2);
  for (const char* program : {"coffee_shop", "bread_and_sandwiches", "adding_in_chunks"})
    CHECK(exit_code(path(program) + " --speed 100") == 1);
}
