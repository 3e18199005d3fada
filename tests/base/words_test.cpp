// Names, whole numbers and words that were probably meant.
#include "base/function_name.h"
#include "base/numbers.h"
#include "base/suggest.h"
#include "catch.h"

using namespace coffees;

TEST_CASE("function names follow the grammar, and those of the invoke port are taken") {
  CHECK(is_function_name("hello-World_2"));
  CHECK(is_function_name(std::string(64, 'a')));
  for (const std::string& bad :
       {std::string(), std::string("_x"), std::string("a b"), std::string("a/b"), std::string("ä"),
        std::string("healthz"), std::string("readyz"), std::string("2015-03-31"), std::string(65, 'a')})
    CHECK_FALSE(is_function_name(bad));
}

TEST_CASE("a whole number is all of the text, and fits into its type") {
  CHECK(parse_whole<std::uint16_t>("0") == 0);
  CHECK(parse_whole<std::uint16_t>("65535") == 65535);
  CHECK(parse_whole<std::int64_t>("-5") == -5);
  for (const char* bad : {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1e3", "65536", "one"}) {
    INFO(bad);
    CHECK_FALSE(parse_whole<std::uint16_t>(bad));
  }
}

TEST_CASE("the word that was meant has few letters to change, and a far one is not named") {
  const std::vector<std::string> known{"espresso", "latte", "pi"};
  CHECK(did_you_mean("expreso", known) == "espresso");
  CHECK(did_you_mean("late", known) == "latte");
  CHECK(did_you_mean("cappuccino", known).empty());
  CHECK(did_you_mean("latte", {}).empty());
}
