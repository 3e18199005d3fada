// Cloud coffees: the runtime itself.
#include <set>

#include "catch.h"
#include "lunch_street/performance.h"

using namespace coffees::test;

TEST_CASE("as many stalls come as customers are served, they wait a little, go, and one order times out") {
  const Performance street = perform("cloud_coffees", {"--customers", "6"}, 5);
  CHECK(street.exit_code == 0);
  CHECK(street.with("0 stalls are down", "cloud").size() == 1);
  const auto cold = street.with("(cold)", "customer");
  const auto warm = street.with("(warm)", "customer");
  CHECK(cold.size() == 6);
  CHECK(warm.size() == 4);
  std::set<std::string> stalls;
  for (const Line& line : cold) stalls.insert(line.what.substr(0, line.what.find(" (cold)")));
  CHECK(stalls.size() == 6);
  CHECK(street.with("6 stalls are down, 6 of them serve", "cloud").size() == 1);
  CHECK(street.with("6 stalls are down, 4 of them serve", "cloud").size() == 1);
  CHECK(street.with("Timeout!").size() == 1);
  CHECK(street.with("all stalls have floated back").size() == 1);
}
