#include "config/config.h"

#include <algorithm>

#include "catch.h"

using namespace coffees::config;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

Loaded load(const std::string& text) { return load_text(text, "coffees.toml", "/srv"); }

// The one problem of a text, as people read it.
std::string problem(const std::string& text) {
  const Loaded loaded = load(text);
  REQUIRE(loaded.problems.size() == 1);
  return loaded.problems[0].text();
}

}  // namespace

TEST_CASE("a key takes a duration of several units") {
  const Loaded loaded = load("[server]\ndrain = \"1h30m\"\n");
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.config.server.drain == minutes(90));
}

TEST_CASE("texts are shown on one line, ready to be read again") {
  const Loaded loaded = load("[server]\nhost = \"it's\\t\\\"so\\\"\"\n");
  REQUIRE(loaded.problems.empty());
  const auto host = std::find_if(loaded.effective.begin(), loaded.effective.end(),
                                 [](const Effective& value) { return value.key == "server.host"; });
  REQUIRE(host != loaded.effective.end());
  const Loaded again = load("[server]\nhost = " + host->value);
  REQUIRE(again.problems.empty());
  CHECK(again.config.server.host == loaded.config.server.host);
}

TEST_CASE("files, network, programs, shm and secrets are shown as they can be read again") {
  const std::string keys =
      "files = [\"model.bin\", { from = \"/usr/share/dict\", to = \"/data\", write = true }]\nnetwork = "
      "\"host\"\n"
      "programs = true\nshm = \"16MiB\"\nsecrets = { A = { file = \"a.txt\" }, B = { env = \"C\" } }\n";
  const Loaded loaded = load("[functions.a]\npath = \"x\"\n" + keys);
  REQUIRE(loaded.problems.empty());
  const Function& function = loaded.config.functions[0];
  CHECK(function.files[0].from == "/srv/model.bin");
  CHECK(function.files[0].to == "/app/model.bin");
  CHECK(function.files[1].to == "/data");
  CHECK(function.secrets.at("A").name == "/srv/a.txt");
  CHECK(opened(function) == ", network host, files 2 (1 writable), programs");
  std::string again = "[functions.a]\n";
  for (const Effective& value : loaded.effective)
    if (value.key.starts_with("functions.a.") && value.no_effect.empty())
      again += value.key.substr(12) + " = " + value.value + "\n";
  const Loaded second = load(again);
  REQUIRE(second.problems.empty());
  CHECK(second.config.functions[0].files[0].to == "/app/model.bin");
  CHECK(second.config.functions[0].secrets.at("B").name == "C");
  CHECK(opened(second.config.functions[0]) == opened(function));
}

TEST_CASE("a wrong secret is not repeated in the problem") {
  const std::string text = problem("[functions.a]\npath = \"x\"\nsecrets = { A = \"hunter2\" }\n");
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(text.find("secrets = (hidden) is not a value for this key") != std::string::npos);
}

TEST_CASE("an override means the function of exactly that name, where there is one") {
  const std::string text =
      "[functions.A]\npath = \"1\"\n[functions.a]\npath = \"2\"\n[functions.b-c]\npath = \"3\"\n";
  const Loaded loaded =
      load_text(text, "coffees.toml", "/srv",
                {{"functions.a.limit", "7", "--set"}, {"functions.b_c.limit", "8", "environment"}});
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.config.functions[0].limit == 100);
  CHECK(loaded.config.functions[1].limit == 7);
  CHECK(loaded.config.functions[2].limit == 8);
}

TEST_CASE("an override that is not UTF-8 is refused") {
  for (const char* value : {"\xff", "x\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    const Loaded loaded = load_text("", "coffees.toml", "/srv", {{"server.host", value, "--set"}});
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].where == "--set");
  }
  CHECK(load_text("", "coffees.toml", "/srv", {{"server.host", "caf\xc3\xa9", "--set"}}).problems.empty());
}

TEST_CASE("every documented key is read") {
  const Loaded loaded = load(R"(
    version = 1
    [server]
    host = "127.0.0.1"
    port = 2700
    admin_port = 2701
    hosts = ["coffee.example"]
    max_body = "1MiB"
    drain = "3s"
    isolation = "strict"
    [defaults]
    timeout = "1s"
    [functions.brew]
    path = "build/brew.so"
    init_timeout = "2s"
    keep_warm = "forever"
    min_warm = 1
    limit = 7
    queue = 3
    queue_timeout = "250ms"
    max_requests = 9
    memory = "64MiB"
    processes = 8
    tmp = "1MiB"
    start = "fresh"
    reuse = true
    env = { GREETING = "hello" })");
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(problem.text());
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.config.server.port == 2700);
  CHECK(loaded.config.server.port_asked_for);
  CHECK(loaded.config.server.hosts == std::vector<std::string>{"coffee.example"});
  CHECK(loaded.config.server.max_body == 1 << 20);
  CHECK(loaded.config.server.drain == seconds(3));
  CHECK(loaded.config.server.isolation == IsolationWish::strict);
  REQUIRE(loaded.config.functions.size() == 1);
  const Function& brew = loaded.config.functions[0];
  CHECK(brew.name == "brew");
  CHECK(brew.path == "/srv/build/brew.so");
  CHECK(brew.timeout == seconds(1));
  CHECK(brew.init_timeout == seconds(2));
  CHECK(brew.keep_warm == Duration::max());
  CHECK(brew.min_warm == 1);
  CHECK(brew.limit == 7);
  CHECK(brew.queue == 3);
  CHECK(brew.queue_timeout == milliseconds(250));
  CHECK(brew.max_requests == 9);
  CHECK(brew.memory == 64ULL << 20);
  CHECK(brew.processes == 8);
  CHECK(brew.tmp == 1ULL << 20);
  CHECK(brew.start == StartMode::fresh);
  CHECK(brew.reuse);
  CHECK_FALSE(load("[functions.brew]\npath = \"b.so\"\nreuse = false").config.functions[0].reuse);
  CHECK(brew.env.at("GREETING") == "hello");
}

TEST_CASE("a number without a unit is an error with its place and the way out") {
  CHECK(problem("[functions.brew]\npath = \"b.so\"\nkeep_warm = 300\n") ==
        "error[E302]: coffees.toml:3:13: keep_warm = 300 has no unit\n"
        "  hint: write keep_warm = \"300s\" or \"300ms\"");
  CHECK(problem("[functions.brew]\npath = \"b.so\"\nmemory = 128\n") ==
        "error[E302]: coffees.toml:3:10: memory = 128 has no unit\n"
        "  hint: write memory = \"128MiB\" or \"128KiB\"");
}

TEST_CASE("an unknown key is an error that names the likely one") {
  CHECK(problem("[functions.brew]\npath = \"b.so\"\ntimout = \"3s\"\n") ==
        "error[E303]: coffees.toml:3:1: unknown key 'timout' in [functions.brew]\n"
        "  hint: did you mean 'timeout'?");
  CHECK(problem("[serve]\n").find("did you mean 'server'?") != std::string::npos);
}

TEST_CASE("values that make no sense are refused") {
  const std::string head = "[functions.brew]\npath = \"b.so\"\n";
  for (const char* line :
       {"timeout = \"0s\"", "timeout = \"never\"", "limit = 0", "limit = -1", "limit = 2.5",
        "queue = \"many\"", "start = \"cold\"", "reuse = 1", "memory = \"1MiB\"",
        "env = { LD_PRELOAD = \"x.so\" }", "env = { A = 1 }", "path = 3", "processes = 0"}) {
    INFO(line);
    CHECK_FALSE(load(head + line).problems.empty());
  }
}

TEST_CASE("a table with a name that no function may have is refused with its place") {
  CHECK(problem("[functions.\"a.b\"]\npath = \"b.so\"\n").starts_with("error[E304]: coffees.toml:1:"));
}

TEST_CASE("a function needs a path, and min_warm fits into limit") {
  CHECK(problem("[functions.brew]\n").starts_with("error[E305]"));
  CHECK(problem("[functions.brew]\npath = \"b.so\"\nmin_warm = 5\nlimit = 2\n").starts_with("error[E306]"));
  CHECK(problem("[defaults]\npath = \"b.so\"\n").starts_with("error[E303]"));
}

TEST_CASE("what is no TOML is said with its place") {
  CHECK(problem("[functions\n").starts_with("error[E301]: coffees.toml:1:"));
  CHECK(problem("functions = 3\n").starts_with("error[E302]: coffees.toml:1:"));
}

TEST_CASE("a file that cannot be read is an error, not an empty configuration") {
  REQUIRE(load_file("/nonexistent/coffees.toml").problems.size() == 1);
  REQUIRE(load_file("/").problems.size() == 1);
}

TEST_CASE(
    "origins are what browsers send, or *, and what no request can match is an error that says how to write "
    "it") {
  const Loaded loaded = load(
      "[server]\norigins = [\"http://localhost:3000\", \"https://a.example\"]\n"
      "[functions.a]\npath = \"x\"\norigins = [\"*\", \"app://x\", \"http://[::1]:1\"]");
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.config.server.origins ==
        std::vector<std::string>{"http://localhost:3000", "https://a.example"});
  CHECK(loaded.config.functions[0].origins.size() == 3);
  const struct {
    const char* origin;
    const char* hint;
  } bad[] = {{"localhost:3000", "is like"},
             {"", "is like"},
             {"null", "any page"},
             {"http://a.example/", "no path: \"http://a.example\""},
             {"https://a.example/x?y", "no path"},
             {"https://a.example:443", "\"https://a.example\""},
             {"http://a.example:80", "\"http://a.example\""},
             {"http://a.example:0", "port"},
             {"http://a.example:99999", "port"},
             {"http://a.example:x", "port"},
             {"https://*.example", "no pattern"},
             {"https://A.example", "lower case"},
             {"https://m\xc3\xbcsli.example", "xn--"},
             {"https://me@a.example", "lower case"},
             {"https://", "lower case"},
             {"file:///home", "HTTP"},
             {"HTTPS://a.example", "is like"},
             {"http://[::1", "[ ]"}};
  for (const auto& one : bad)
    for (const char* table : {"[server]\n", "[functions.a]\npath = \"x\"\n"}) {
      const std::string text = problem(std::string(table) + "origins = [\"" + one.origin + "\"]");
      INFO(text);
      CHECK(text.starts_with("error[E302]: coffees.toml:"));
      CHECK(text.find(one.hint) != std::string::npos);
    }
  CHECK(problem("[server]\norigins = \"*\"").find("a list of texts") != std::string::npos);
}

TEST_CASE("trusted proxies are addresses and networks, min_upload is a size a second") {
  const Loaded loaded = load(
      "[server]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\", \"fd00::/8\"]\nmin_upload = \"1MiB/s\"\n"
      "linger = \"250ms\"");
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.config.server.trusted_proxies.size() == 3);
  CHECK(loaded.config.server.min_upload == 1 << 20);
  CHECK(loaded.config.server.linger == milliseconds(250));
  const auto shown = std::find_if(loaded.effective.begin(), loaded.effective.end(),
                                  [](const Effective& value) { return value.key == "server.min_upload"; });
  REQUIRE(shown != loaded.effective.end());
  CHECK(shown->value == "\"1MiB/s\"");
  for (const char* text : {"proxy.example", "10.0.0.0/99", "1.2.3.4:80"})
    CHECK(problem("[server]\ntrusted_proxies = [\"" + std::string(text) + "\"]").find("10.0.0.0/8") !=
          std::string::npos);
  for (const char* text : {"\"64KiB\"", "\"0B/s\"", "65536", "\"/s\"", "\"64KiB/m\""})
    CHECK(problem("[server]\nmin_upload = " + std::string(text)).find("64KiB/s") != std::string::npos);
}

TEST_CASE("the memory budget is a size that holds four of the longest bodies, or auto") {
  const auto budget = [](const std::string& value, const std::string& more = "") {
    return load_text("[server]\nmemory_budget = " + value + "\n" + more, "coffees.toml", "/srv");
  };
  CHECK(budget("\"auto\"").config.server.memory_budget == 0);
  CHECK(budget("\"64MiB\"").config.server.memory_budget == 64 << 20);
  CHECK(budget("\"4MiB\"", "max_body = \"1MiB\"\n").problems.empty());
  const Loaded small = budget("\"23MiB\"");
  REQUIRE(small.problems.size() == 1);
  CHECK(small.problems[0].code == "E306");
  CHECK(small.problems[0].where == "coffees.toml:2:17");
  CHECK(small.problems[0].what.find("does not hold 4 bodies of max_body = \"6MiB\"") != std::string::npos);
  for (const char* wrong : {"64", "\"64\"", "\"\"", "true", "\"100KiB\"", "\"automatic\""}) {
    CAPTURE(wrong);
    const Loaded loaded = budget(wrong);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].code == "E302");
    CHECK(loaded.problems[0].hint.find("auto") != std::string::npos);
  }
}

TEST_CASE("that a host was asked for is known, also when it is the usual one") {
  CHECK_FALSE(load("").config.server.host_asked_for);
  CHECK(load("[server]\nhost = \"127.0.0.1\"").config.server.host_asked_for);
}
