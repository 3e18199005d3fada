#include "http/query.h"

#include "catch.h"

using namespace coffees::http;

TEST_CASE("a query is taken apart and decoded, in order") {
  const auto parameters = parse_query("function=latte&types=a%2Cb&since=&x+y=1+2&flag&&z=a=b");
  REQUIRE(parameters);
  const Parameters expected{{"function", "latte"}, {"types", "a,b"}, {"since", ""},
                            {"x y", "1 2"},        {"flag", ""},     {"z", "a=b"}};
  CHECK(*parameters == expected);
  CHECK(value_of(*parameters, "types") == "a,b");
  CHECK(value_of(*parameters, "no such").empty());
  CHECK(parse_query("")->empty());
}

TEST_CASE("what is not well encoded is not guessed") {
  for (const char* text : {"%", "%1", "%zz", "%+1", "a%2", "%00", "%0x41"}) {
    CHECK_FALSE(percent_decode(text, true));
    CHECK_FALSE(parse_query(std::string("a=") + text));
  }
}

TEST_CASE("a plus is a space in a query only") {
  CHECK(percent_decode("a+b%23c", true) == "a b#c");
  CHECK(percent_decode("a+b%23c", false) == "a+b#c");
}
