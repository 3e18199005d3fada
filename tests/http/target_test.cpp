#include "http/target.h"

#include "catch.h"

using namespace coffees::http;

TEST_CASE("a target is a path and a query, and may bring an authority along") {
  const Target plain = split_target("GET", "/latte/cups?milk=oat&x=/?");
  CHECK(plain.path == "/latte/cups");
  CHECK(plain.query == "milk=oat&x=/?");
  CHECK(plain.authority.empty());
  const Target absolute = split_target("GET", "HTTP://localhost:2633/pi?digits=3");
  CHECK(absolute.authority == "localhost:2633");
  CHECK(absolute.path == "/pi");
  CHECK(absolute.query == "digits=3");
  CHECK(split_target("GET", "http://localhost").path == "/");
  CHECK(split_target("OPTIONS", "*").path == "*");
}

TEST_CASE("what is no target is refused") {
  for (const char* target :
       {"*", "", "latte", "localhost:443", "/a#b", "http:///latte", "http://?x", "ftp://x/y"})
    CHECK(split_target("GET", target).fault != nullptr);
}

TEST_CASE("of a target only the path is shown to others, however damaged it is") {
  CHECK(path_of("/latte/cups?token=secret") == "/latte/cups");
  CHECK(path_of("http://user:secret@localhost/latte?x") == "/latte");
  CHECK(path_of("http://user:secret@localhost") == "/");
  CHECK(path_of("*") == "*");
  for (const char* target : {"user:secret@localhost:443", "", "?token=secret", "#x", "\x16\x03"})
    CHECK(path_of(target).empty());
}
