#include "config/client_names.h"

#include "catch.h"
#include "config/config.h"

using namespace coffees::config;

TEST_CASE("a host that a request can name is none's mistake") {
  for (const char* good : {"coffee.example", "Coffee.Example", "coffee.example.", "localhost", "my_host",
                           "127.0.0.1", "0.0.0.0", "[::1]", "[2001:DB8::1]", "xn--caf-dma.example", "a"})
    CHECK(why_no_host_matches(good).empty());
}

TEST_CASE("a host that no request can name is told, with what to write instead") {
  const auto hint = [](const char* host) { return why_no_host_matches(host); };
  for (const char* bad : {"",
                          " ",
                          " coffee.example",
                          "coffee.example ",
                          "coffee example",
                          "http://coffee.example",
                          "coffee.example:80",
                          "coffee.example:",
                          "coffee.example/",
                          "/",
                          "coffee.example?x",
                          "me@coffee.example",
                          "*.example",
                          "*",
                          "2001:db8::1",
                          "::1",
                          "[::1",
                          "[::1]:80",
                          "[coffee]",
                          "caf\xc3\xa9.example",
                          "a,b",
                          "a\\b",
                          "a\"b",
                          "https://",
                          "\t",
                          "a\nb"}) {
    INFO(bad);
    CHECK_FALSE(hint(bad).empty());
  }
  CHECK(hint("http://coffee.example") == "write it without http://");
  CHECK(hint("coffee.example:8080").find("\"coffee.example\"") != std::string::npos);
  CHECK(hint("coffee.example/").find("\"coffee.example\"") != std::string::npos);
  CHECK(hint("2001:db8::1").find("\"[2001:db8::1]\"") != std::string::npos);
  CHECK_FALSE(hint(std::string(300, 'a').c_str()).empty());
}

TEST_CASE("a host in a configuration that no request can match is an error with its place") {
  const Loaded loaded =
      load_text("[server]\nhosts = [\"coffee.example\", \"http://x\"]\n", "coffees.toml", "/srv");
  REQUIRE(loaded.problems.size() == 1);
  CHECK(loaded.problems[0].where == "coffees.toml:2:9");
  CHECK(loaded.problems[0].hint == "no request can match \"http://x\": write it without http://");
  const Loaded overridden = load_text("", "coffees.toml", "/srv", {{"server.hosts", "[\"x:80\"]", "--set"}});
  REQUIRE(overridden.problems.size() == 1);
  CHECK(overridden.problems[0].where == "--set");
}
