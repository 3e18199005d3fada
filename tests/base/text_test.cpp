#include "base/text.h"

#include "catch.h"

using namespace coffees;

TEST_CASE("control bytes and what is no UTF-8 are spelled out, the rest stays") {
  CHECK(visible("plain \t caf\xc3\xa9 \xe2\x98\x95 \xf0\x9f\x98\x80") ==
        "plain \t caf\xc3\xa9 \xe2\x98\x95 \xf0\x9f\x98\x80");
  CHECK(visible("\x1b[2J\r\n\x7f") == "\\x1b[2J\\x0d\\x0a\\x7f");
  CHECK(visible(std::string_view("\0", 1)) == "\\x00");
  // C1 control characters, as bytes and as UTF-8; overlong forms; surrogates; cut off.
  CHECK(visible("\x9b"
                "31m") == "\\x9b31m");
  CHECK(visible("\xc2\x9b"
                "31m") == "\\xc2\\x9b31m");
  CHECK(visible("\xc0\x9b") == "\\xc0\\x9b");
  CHECK(visible("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(visible("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
  CHECK(visible("\xe2\x98") == "\\xe2\\x98");
}

TEST_CASE("a text becomes a JSON string, whatever it holds") {
  std::string out;
  append_json_string(out, "a\"b\\c\n\xc3\xa9\xff");
  CHECK(out == "\"a\\\"b\\\\c\\n\xc3\xa9\xef\xbf\xbd\"");
}
