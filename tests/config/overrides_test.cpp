// Where values come from: file, environment, --set, flags; and what is said about them.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "config/config.h"
#include "config/keys.h"

using namespace coffees::config;
using nlohmann::json;
using std::chrono::seconds;

namespace {

const std::string kFile = R"([server]
port = 2700
[defaults]
timeout = "1s"
[functions.brew-2]
path = "b.so"
limit = 7
)";

Loaded load_with(const std::vector<Override>& overrides, const std::string& text = kFile) {
  return load_text(text, "coffees.toml", "/srv", overrides);
}

std::string origin(const Loaded& loaded, const std::string& key) {
  for (const Effective& one : loaded.effective)
    if (one.key == key) return one.origin;
  return "(not there)";
}

std::string value(const Loaded& loaded, const std::string& key) {
  for (const Effective& one : loaded.effective)
    if (one.key == key) return one.value;
  return "(not there)";
}

std::string problem(const Loaded& loaded) {
  REQUIRE(loaded.problems.size() == 1);
  return loaded.problems[0].text();
}

}  // namespace

TEST_CASE("each value knows where it was set") {
  const Loaded loaded = load_with({{"server.drain", "1s", "--set"}});
  REQUIRE(loaded.problems.empty());
  CHECK(origin(loaded, "server.port") == "coffees.toml:2:8");
  CHECK(origin(loaded, "server.drain") == "--set");
  CHECK(origin(loaded, "server.host") == "default");
  CHECK(origin(loaded, "functions.brew-2.limit") == "coffees.toml:7:9");
  CHECK(origin(loaded, "functions.brew-2.timeout") == "coffees.toml:4:11");
  CHECK(origin(loaded, "functions.brew-2.keep_warm") == "default");
  CHECK(value(loaded, "functions.brew-2.timeout") == "\"1s\"");
}

TEST_CASE("later overrides win over earlier ones, and all of them over the file") {
  const Loaded loaded = load_with({{"server.port", "2701", "environment COFFEES_SERVER__PORT"},
                                   {"server.port", "2702", "--set"},
                                   {"server.port", "2703", "--port"}});
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.config.server.port == 2703);
  CHECK(origin(loaded, "server.port") == "--port");
  CHECK(loaded.config.server.admin_port == 2704);
}

TEST_CASE("values of overrides need no quotes, but may have them") {
  for (const char* written : {"5s", "\"5s\"", "'5s'"}) {
    const Loaded loaded = load_with({{"functions.brew-2.timeout", written, "--set"}});
    REQUIRE(loaded.problems.empty());
    CHECK(loaded.config.functions[0].timeout == seconds(5));
  }
  const Loaded loaded = load_with({{"functions.brew-2.env.NAME", "a = b, \"c\"", "--set"},
                                   {"server.hosts", "[\"a.example\", \"b.example\"]", "--set"},
                                   {"functions.brew-2.reuse", "false", "--set"}});
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.config.functions[0].env.at("NAME") == "a = b, \"c\"");
  CHECK(loaded.config.server.hosts.size() == 2);
  CHECK_FALSE(loaded.config.functions[0].reuse);
}

TEST_CASE("a text that happens to be a number needs no quotes either") {
  const Loaded loaded =
      load_with({{"functions.brew-2.env.PORT", "8080", "--set"},
                 {"server.admin_token", "123456", "environment COFFEES_SERVER__ADMIN_TOKEN"},
                 {"functions.brew-2.env.FLAG", "true", "--set"},
                 {"defaults.env.SIZE", "2", "--set"},
                 {"server.host", "127.1", "--host"}});
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(problem.text());
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.config.functions[0].env.at("PORT") == "8080");
  CHECK(loaded.config.functions[0].env.at("FLAG") == "true");
  CHECK(loaded.config.server.admin_token == "123456");
  CHECK(loaded.config.server.host == "127.1");
  CHECK(origin(loaded, "functions.brew-2.env") == "--set");
}

TEST_CASE("an override can make a function, and an environment variable finds one with a dash in its name") {
  const Loaded made = load_with({{"functions.mocha.path", "m.so", "--set"}});
  REQUIRE(made.problems.empty());
  CHECK(made.config.functions.size() == 2);
  const Loaded found = load_with(from_environment({{"COFFEES_FUNCTIONS__BREW_2__LIMIT", "9"}}));
  REQUIRE(found.problems.empty());
  REQUIRE(found.config.functions.size() == 1);
  CHECK(found.config.functions[0].limit == 9);
  CHECK(origin(found, "functions.brew-2.limit") == "environment COFFEES_FUNCTIONS__BREW_2__LIMIT");
}

TEST_CASE("only variables with two underscores stand for keys, names inside env keep their case") {
  const std::vector<Override> overrides = from_environment({{"COFFEES_SERVER", "http://x"},
                                                            {"COFFEES_ADMIN_TOKEN", "t"},
                                                            {"HOME", "/"},
                                                            {"COFFEES_SERVER__PORT", "1"},
                                                            {"COFFEES_FUNCTIONS__BREW__ENV__My_Name", "x"},
                                                            {"COFFEES_DEFAULTS__ENV__My_Name", "x"}});
  REQUIRE(overrides.size() == 3);
  CHECK(overrides[0].key == "server.port");
  CHECK(overrides[1].key == "functions.brew.env.My_Name");
  CHECK(overrides[2].key == "defaults.env.My_Name");
}

TEST_CASE("what is wrong with an override is said with its origin") {
  CHECK(problem(load_with({{"server.prot", "1", "--set"}})) ==
        "error[E303]: --set: unknown key 'prot' in [server]\n  hint: did you mean 'port'?");
  CHECK(problem(load_with({{"sever.port", "1", "--set"}}))
            .starts_with("error[E303]: --set: unknown key 'sever'"));
  CHECK(problem(load_with({{"functions.mocha.timeout", "5s", "--set"}})).starts_with("error[E305]: --set: "));
  CHECK(problem(load_with({{"server.port", "99999", "--port"}}))
            .starts_with("error[E302]: --port: port = 99999"));
  CHECK(problem(load_with({{"functions.brew-2.timeout", "5", "--set"}})).find("write timeout = \"5s\"") !=
        std::string::npos);
  for (const char* key : {"", "port", ".", "server.", "server..port", "a.b.c.d.e", "server.port.x"})
    CHECK_FALSE(load_with({{key, "1", "--set"}}).problems.empty());
}

TEST_CASE("the admin port beyond this machine needs a token") {
  const auto with = [](const std::string& lines) { return load_with({}, "[server]\n" + lines); };
  CHECK(problem(with("admin_host = \"0.0.0.0\"\n")).starts_with("error[E307]: coffees.toml:2:14: "));
  for (const char* host : {"::", "192.168.1.1", "coffee.example", "127.0.0.1.evil.example", "127.evil"})
    CHECK_FALSE(with(std::string("admin_host = \"") + host + "\"\n").problems.empty());
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"})
    CHECK(with(std::string("admin_host = \"") + host + "\"\n").problems.empty());
  CHECK(with("admin_host = \"0.0.0.0\"\nadmin_token = \"t\"\n").problems.empty());
  CHECK_FALSE(with("admin_host = \"0.0.0.0\"\nadmin_token = \"\"\n").problems.empty());
}

TEST_CASE("a token is shown nowhere, and does not shine through the digest") {
  const auto with = [](const std::string& token) {
    return load_with({}, "[server]\nadmin_token = \"" + token + "\"\n");
  };
  const Loaded first = with("sesame");
  REQUIRE(first.problems.empty());
  CHECK(value(first, "server.admin_token") == "\"(hidden)\"");
  CHECK(digest(first.effective) == digest(with("another").effective));
  const Loaded wrong = load_with({}, "[server]\nadmin_token = [\"sesame\"]\n");
  CHECK(problem(wrong).find("sesame") == std::string::npos);
}

TEST_CASE("a token is what may stand behind Bearer") {
  for (const char* good : {"sesame", "AZaz09-._~+/=", "12345", ""})
    CHECK(load_with({{"server.admin_token", good, "--set"}}).problems.empty());
  for (const char* bad : {"open sesame", "100%25", "a\tb", "caf\xc3\xa9", "a,b"})
    CHECK(problem(load_with({{"server.admin_token", bad, "--set"}})).find("letters, digits and") !=
          std::string::npos);
}

TEST_CASE("a digest changes with any other value") {
  CHECK(digest(load_with({}).effective) == digest(load_with({}).effective));
  CHECK(digest(load_with({}).effective) != digest(load_with({{"server.drain", "1s", "--set"}}).effective));
}

TEST_CASE("every value that is shown can be read again") {
  const Loaded loaded = load_with({{"functions.brew-2.env.A", "x", "--set"},
                                   {"functions.brew-2.keep_warm", "forever", "--set"},
                                   {"functions.brew-2.timeout", "off", "--set"},
                                   {"defaults.memory", "1GiB", "--set"},
                                   {"server.drain", "90s", "--set"}});
  REQUIRE(loaded.problems.empty());
  std::string text;
  for (const Effective& one : loaded.effective) {
    if (one.value == "\"\"" || !one.no_effect.empty()) continue;
    text += one.key + " = " + one.value + "\n";
  }
  const Loaded again = load_text(text, "again", "/");
  for (const Problem& problem : again.problems) UNSCOPED_INFO(problem.text());
  REQUIRE(again.problems.empty());
  REQUIRE(again.effective.size() == loaded.effective.size());
  for (std::size_t i = 0; i < again.effective.size(); ++i)
    CHECK(again.effective[i].value == loaded.effective[i].value);
}

TEST_CASE("durations and sizes are shown exactly") {
  for (const char* written : {"90061ms", "1.0001s", "100001s", "25h", "12345ms"}) {
    INFO(written);
    const Loaded loaded = load_with({{"server.drain", written, "--set"}});
    REQUIRE(loaded.problems.empty());
    const Loaded again = load_with({{"server.drain", value(loaded, "server.drain"), "--set"}});
    REQUIRE(again.problems.empty());
    CHECK(again.config.server.drain == loaded.config.server.drain);
  }
  for (const char* written : {"123456789B", "1000001KiB", "1.5GiB"}) {
    INFO(written);
    const Loaded loaded = load_with({{"server.max_body", written, "--set"}});
    REQUIRE(loaded.problems.empty());
    const Loaded again = load_with({{"server.max_body", value(loaded, "server.max_body"), "--set"}});
    REQUIRE(again.problems.empty());
    CHECK(again.config.server.max_body == loaded.config.server.max_body);
  }
}

TEST_CASE("the schema is JSON and knows every key") {
  const json document = json::parse(schema());
  const json& properties = document["properties"];
  for (const auto& key : server_keys()) CHECK(properties["server"]["properties"].contains(key.name));
  const json& function = properties["functions"]["additionalProperties"];
  for (const auto& key : function_keys()) {
    CHECK(function["properties"].contains(key.name));
    CHECK(properties["defaults"]["properties"].contains(key.name) == !key.only_per_function);
  }
  CHECK(function["required"] == json{"path"});
}
