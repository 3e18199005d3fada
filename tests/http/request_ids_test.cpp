#include "http/request_ids.h"

#include <string>

#include "catch.h"

using namespace coffees;
using namespace coffees::http;

TEST_CASE("an id of a client is 1 to 36 characters of a few kinds") {
  for (const std::string& good : {std::string("a"), std::string("A-z_0.9"), std::string(36, '-')})
    CHECK(RequestId::parse(good)->view() == good);
  for (const std::string& bad : {std::string(), std::string(37, 'a'), std::string("a b"), std::string("a\n"),
                                 std::string("a/b"), std::string("\xc3\xa4"), std::string(1, '\0')})
    CHECK_FALSE(RequestId::parse(bad));
}

TEST_CASE("an id is adopted once, and not while anybody uses it") {
  const SystemClock clock;
  RequestIds ids(clock);
  bool in_use = true;
  RequestId ours = ids.make();
  {
    const RequestIds::Use running = ids.begin(ours, {}, in_use);
    CHECK_FALSE(in_use);
    RequestId second = ids.make();
    const RequestIds::Use other = ids.begin(second, ours.view(), in_use);
    CHECK(in_use);
    CHECK(second.view() != ours.view());
  }
  RequestId third = ids.make();
  const RequestIds::Use adopted = ids.begin(third, ours.view(), in_use);
  CHECK_FALSE(in_use);
  CHECK(third.view() == ours.view());
  RequestId fourth = ids.make();
  const RequestIds::Use not_an_id = ids.begin(fourth, "no id", in_use);
  CHECK_FALSE(in_use);
}

TEST_CASE("one that is still in use is not adopted again, however many came since") {
  const SystemClock clock;
  RequestIds ids(clock);
  bool in_use = false;
  RequestId slow = ids.make();
  const RequestIds::Use running = ids.begin(slow, "slow", in_use);
  for (std::size_t i = 0; i < 2 * RequestIds::kRemembered; ++i) {
    RequestId id = ids.make();
    const RequestIds::Use use = ids.begin(id, std::to_string(i), in_use);
    REQUIRE(id.view() == std::to_string(i));
  }
  RequestId again = ids.make();
  const RequestIds::Use use = ids.begin(again, "slow", in_use);
  CHECK(in_use);
  CHECK(again.view() != "slow");
}
