#include <algorithm>

#include "catch.h"
#include "config/config.h"

using namespace coffees::config;

namespace {

Loaded load_brew(const std::string& keys, const std::vector<Override>& overrides = {},
                 const std::string& before = {}) {
  return load_text(before + "[functions.brew]\npath = \"b.so\"\n" + keys, "coffees.toml", "/srv", overrides);
}

}  // namespace

TEST_CASE("a key of a function that can have no effect is an error with its place and a hint") {
  for (const char* keys :
       {"queue_timeout = \"1s\"", "queue_timeout = \"5s\"\nqueue = 0", "reuse = false\nmax_requests = 5",
        "reuse = false\nmax_requests = 0", "reuse = false\nkeep_warm = \"1h\"",
        "max_requests = 1\nkeep_warm = \"1h\"", "min_warm = 3\nlimit = 3\nkeep_warm = \"1h\""}) {
    INFO(keys);
    const Loaded loaded = load_brew(keys);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].code == "E308");
    CHECK_FALSE(loaded.problems[0].hint.empty());
  }
  const Loaded loaded = load_brew("limit = 2\nqueue_timeout = \"5s\"\n");
  REQUIRE(loaded.problems.size() == 1);
  CHECK(
      loaded.problems[0].text() ==
      "error[E308]: coffees.toml:4:17: [functions.brew]: queue_timeout can have no effect: queue = 0, so no "
      "request waits\n  hint: set queue, the number of requests that may wait, or remove queue_timeout");
  const Loaded above = load_brew("limit = 2\nmin_warm = 3\n");
  REQUIRE(above.problems.size() == 1);
  CHECK(above.problems[0].code == "E306");
  CHECK(above.problems[0].where == "coffees.toml:4:12");
}

TEST_CASE("keys that have an effect are none, and neither are those of [defaults]") {
  for (const char* keys : {"queue = 1\nqueue_timeout = \"5s\"", "max_requests = 2\nkeep_warm = \"1h\"",
                           "reuse = false\nmin_warm = 2", "reuse = true\nkeep_warm = \"1h\"",
                           "min_warm = 2\nlimit = 3\nkeep_warm = \"1h\"", "reuse = false\nqueue = 3"})
    CHECK(load_brew(keys).problems.empty());
  CHECK(load_brew("reuse = false\n", {},
                  "[defaults]\nqueue_timeout = \"5s\"\nkeep_warm = \"1h\"\nmax_requests = 9\n")
            .problems.empty());
  CHECK(load_brew("queue_timeout = \"5s\"\n", {}, "[defaults]\nqueue = 3\n").problems.empty());
}

TEST_CASE("an override may switch off what a file says, but not say what has no effect itself") {
  CHECK(load_brew("queue = 3\nqueue_timeout = \"5s\"\n", {{"functions.brew.queue", "0", "--set"}})
            .problems.empty());
  CHECK(load_brew("keep_warm = \"1h\"\n", {{"functions.brew.reuse", "false", "--set"}}).problems.empty());
  const Loaded loaded = load_brew("", {{"functions.brew.queue_timeout", "5s", "environment X"}});
  REQUIRE(loaded.problems.size() == 1);
  CHECK(loaded.problems[0].where == "environment X");
}

TEST_CASE("values in effect say which of them count") {
  const Loaded loaded = load_brew("");
  const auto of = [&](const std::string& key) {
    return std::find_if(loaded.effective.begin(), loaded.effective.end(),
                        [&](const Effective& one) { return one.key == "functions.brew." + key; })
        ->no_effect;
  };
  CHECK(of("queue_timeout").find("queue = 0") != std::string::npos);
  CHECK(of("keep_warm").empty());
  // A digest is the same where the server does the same.
  CHECK(digest(load_brew("", {}, "[defaults]\nqueue_timeout = \"5s\"\n").effective) ==
        digest(loaded.effective));
  CHECK(digest(load_brew("", {}, "[defaults]\nkeep_warm = \"5s\"\n").effective) != digest(loaded.effective));
}
