// What happens in several processes: salads, calculations beside a loop, a sum in chunks.
#include <map>
#include <set>

#include "catch.h"
#include "lunch_street/performance.h"

using namespace coffees::test;

TEST_CASE("salads are made by processes that work at the same time, and no bowl is lost") {
  const Performance bar = perform("parallel_salads", {"--staff", "4", "--customers", "12", "--bowls", "5"});
  CHECK(bar.exit_code == 0);
  CHECK(bar.most_threads == 1);
  CHECK(bar.most_processes == 4);
  std::map<int, double> begun;
  std::map<int, std::string> makers;
  std::vector<Stretch> salads;
  for (const Line& line : bar.lines) {
    const int customer = number_after(line.what, "customer");
    if (line.what.starts_with("begins")) {
      begun[customer] = line.time;
      makers[customer] = line.who;
    } else if (line.what.starts_with("serves")) {
      CHECK(makers[customer] == line.who);
      salads.push_back({begun.at(customer), line.time});
    }
  }
  CHECK(salads.size() == 12);
  CHECK(most_at_once(salads) == 3);
  std::set<std::string> all_makers;
  for (const auto& [customer, maker] : makers) all_makers.insert(maker);
  CHECK(all_makers.size() == 3);
  CHECK(bar.lines.back().what == "12 salads by 3 makers; 5 of 5 bowls are clean");
}

TEST_CASE("the loop goes on ticking while a pool of processes calculates") {
  const Performance counter = perform("offload", {"--orders", "8"});
  CHECK(counter.exit_code == 0);
  CHECK(counter.most_threads == 1);
  CHECK(counter.most_processes == 2);
  for (int order = 1; order <= 8; ++order)
    CHECK(counter.with(std::to_string(order) + " x 3.14 = ").size() == 1);
  CHECK(counter.with("7 x 3.14 = 21.98").size() == 1);
  const std::string last = counter.lines.back().what;
  INFO(last);
  const std::size_t p90 = last.find(" ms (p90)");
  REQUIRE(p90 != std::string::npos);
  CHECK(std::stod(last.substr(last.rfind(' ', p90 - 1))) <= 20);
  CHECK(number_after(last, "ticked") > 20);
}

TEST_CASE("1 to 100 is added up in four chunks by four processes") {
  const Performance adders = perform("adding_in_chunks");
  CHECK(adders.exit_code == 0);
  CHECK(adders.most_processes > 1);
  CHECK(adders.with("is ", "adder").size() == 4);
  CHECK(adders.lines.back().what == "325 + 950 + 1575 + 2200 = 5050");
}
