// Concurrent burgers: one worker, three tasks at a time.
#include <algorithm>
#include <set>

#include "catch.h"
#include "lunch_street/performance.h"

using namespace coffees::test;

namespace {

void check_burgers(const Performance& shop, int customers) {
  CHECK(shop.exit_code == 0);
  std::set<int> served;
  std::set<int> patties;
  for (const Line& line : shop.with("gets a burger")) {
    CHECK(served.insert(number_after(line.what, "customer")).second);
    CHECK(patties.insert(number_after(line.what, "patty")).second);
  }
  REQUIRE(served.size() == static_cast<std::size_t>(customers));
  CHECK(*served.rbegin() == customers);
  int open = 0;
  int most = 0;
  for (const Line& line : shop.lines) {
    if (line.what.find("has ordered") != std::string::npos) most = std::max(most, ++open);
    if (line.what.find("gets a burger") != std::string::npos) --open;
  }
  CHECK(most == 5);
  // One after another each burger would take 2.6: the grill cooks by itself.
  CHECK(shop.end() < 0.5 * 2.6 * customers);
}

}  // namespace

TEST_CASE("burgers by threads: everybody is served once, no patty twice, and at most five orders are open") {
  check_burgers(perform("concurrent_burgers_threads", {"--customers", "20"}), 20);
}

TEST_CASE("burgers by tasks: the same with a single thread") {
  const Performance shop = perform("concurrent_burgers_async", {"--customers", "20"});
  check_burgers(shop, 20);
  CHECK(shop.most_threads == 1);
  CHECK(shop.most_processes == 0);
}
