// Values that may be secrets are told nowhere.
#include <algorithm>

#include "catch.h"
#include "config/config.h"
#include "config/keys.h"

using namespace coffees::config;

namespace {

const std::string kHead = "[functions.brew]\npath = \"b.so\"\n";

std::string all_text(const Loaded& loaded) {
  std::string text;
  for (const Problem& problem : loaded.problems) text += problem.text() + "\n";
  for (const Effective& one : loaded.effective) text += one.key + " " + one.value + " " + one.origin + "\n";
  return text;
}

Loaded load_hiding(const std::string& text, const std::vector<Override>& overrides = {}) {
  return load_text(text, "coffees.toml", "/srv", overrides);
}

}  // namespace

TEST_CASE("values of env are shown by name only, and do not shine through the digest") {
  const Loaded first = load_hiding(kHead + "env = { PASSWORD = \"hunter2\", USER = \"ada\" }\n");
  REQUIRE(first.problems.empty());
  CHECK(first.config.functions[0].env.at("PASSWORD") == "hunter2");
  const std::string text = all_text(first);
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(text.find(R"toml({ "PASSWORD" = "(hidden)", "USER" = "(hidden)" })toml") != std::string::npos);
  const Loaded second = load_hiding(kHead + "env = { PASSWORD = \"another\", USER = \"ada\" }\n");
  CHECK(digest(first.effective) == digest(second.effective));
}

TEST_CASE("no error repeats a value of env, however it is malformed") {
  for (const char* line :
       {"env = \"hunter2\"", "env = [\"hunter2\"]", "env = { A = [\"hunter2\"] }",
        "env = { A = { B = \"hunter2\" } }", "env = { LD_PRELOAD = \"hunter2\" }",
        "env = { A = \"hunter2\\u0000\" }", "env = { A = \"hunter2\\q\" }", "env = { A = \"hunter2 }",
        "env = { A = hunter2 }", "env = { A = \"x\" hunter2 }", "env = { A = 0xhunter2 }",
        "env = { A = \"a\", A = \"hunter2\" }", "env = \"hunter2", "env.A = \"x\" \"hunter2\"",
        "env = { A = 99999999999999999999hunter2 }", "env = { A = truhunter2 }"}) {
    INFO(line);
    const Loaded loaded = load_hiding(kHead + line + "\n");
    CHECK_FALSE(loaded.problems.empty());
    CHECK(all_text(loaded).find("unter2") == std::string::npos);
    CHECK(loaded.problems[0].where.starts_with("coffees.toml:3:"));
  }
  const std::string digits = "99999999999999999999999";
  CHECK(all_text(load_hiding(kHead + "env = { A = " + digits + " }\n")).find(digits) == std::string::npos);
}

TEST_CASE("no error repeats a value of env that came from the command line or the environment") {
  for (const Override& override :
       std::vector<Override>{{"functions.brew.env", "hunter2", "--set"},
                             {"functions.brew.env", "{ A = \"hunter2\"", "--set"},
                             {"functions.brew.env", "[\"hunter2\"]", "--set"},
                             {"functions.brew.env.LD_PRELOAD", "hunter2", "environment X"},
                             {"functions.brew.env.A.B", "hunter2", "--set"},
                             {"functions.brew.env.A", "hunter2\xff", "--set"},
                             {"functions.brew.evn.A", "hunter2", "--set"},
                             {"functions", "hunter2", "--set"}}) {
    INFO(override.key << " = " << override.value);
    const Loaded loaded = load_hiding(kHead, {override});
    CHECK_FALSE(loaded.problems.empty());
    CHECK(all_text(loaded).find("unter2") == std::string::npos);
  }
  const Loaded fine = load_hiding(kHead, {{"functions.brew.env.A", "hunter2", "--set"}});
  CHECK(fine.problems.empty());
  CHECK(all_text(fine).find("hunter2") == std::string::npos);
}

TEST_CASE("a syntax error still says what was expected") {
  const Loaded loaded = load_hiding(kHead + "limit 5\n");
  REQUIRE(loaded.problems.size() == 1);
  CHECK(loaded.problems[0].what.find("expected '='") != std::string::npos);
  CHECK(load_hiding(kHead + "limit = 1\nlimit = 2\n").problems[0].what.find("cannot redefine") !=
        std::string::npos);
}

TEST_CASE("every hidden key shows no value") {
  Function function;
  function.env = {{"NAME", "hunter2"}};
  for (const auto& key : function_keys())
    if (key.hidden) CHECK(key.show(function).find("hunter2") == std::string::npos);
  Server server;
  server.admin_token = "hunter2";
  for (const auto& key : server_keys())
    if (key.hidden) CHECK(key.show(server) == "\"(hidden)\"");
}
