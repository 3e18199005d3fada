// What users give to the commands and the configuration, and what they are told.
#include <algorithm>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/program.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string header_of(const json& mirrored, const std::string& name) {
  for (const json& field : mirrored["headers"])
    if (field[0] == name) return field[1];
  return "(none)";
}

}  // namespace

// -- What is said at the start.

TEST_CASE("a file on the command line that is not a library ends the server with exit code 8") {
  const TemporaryDirectory directory;
  const std::string text = directory.path() + "/notes.so";
  std::ofstream(text) << "These are notes, and no library.";
  const std::string empty = directory.path() + "/empty.so";
  std::ofstream(empty) << "";
  std::filesystem::create_directory(directory.path() + "/folder.so");
  std::filesystem::create_symlink("nowhere", directory.path() + "/link.so");
  for (const auto& [path, code] :
       std::vector<std::pair<std::string, std::string>>{{directory.path() + "/nothere.so", "E208"},
                                                        {directory.path() + "/link.so", "E208"},
                                                        {directory.path() + "/folder.so", "E202"},
                                                        {text, "E202"},
                                                        {empty, "E202"},
                                                        {fixture("other_abi"), "E203"},
                                                        {fixture("no_symbol"), "E204"}}) {
    // A good one beside it makes no difference.
    const CommandResult result = run_coffees({"serve", menu("espresso"), path, "--port", "0"});
    INFO(result.err);
    CHECK(result.exit_code == 8);
    CHECK(result.err.starts_with("error[" + code + "]: "));
    CHECK(has(result.err, "\n  hint: "));
    CHECK(result.out.empty());
  }
}

TEST_CASE("without any configuration it is said which file was looked for and what is served instead") {
  const TemporaryDirectory directory;
  Program server({"--quiet"}, Program::Terminal::none, directory.path());
  REQUIRE(eventually([&] { return has(server.errors(), directory.path() + "/coffees.toml"); }));
  CHECK(has(server.errors(), "espresso, latte"));
  CHECK(has(server.errors(), "--config"));
  CHECK(post(server.port(), "/espresso", "x").status == 200);
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);

  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  const CommandResult shown = run_coffees({"config", "show"});
  const CommandResult named = run_coffees({"config", "show", menu("espresso")});
  std::filesystem::create_symlink("nowhere.toml", directory.path() + "/coffees.toml");
  const CommandResult dangling = run_coffees({"serve", "--port", "0"});
  std::filesystem::current_path(here);
  CHECK(has(shown.err, directory.path() + "/coffees.toml"));
  CHECK(named.err.empty());
  // A file that is there and cannot be read is not the same as none.
  CHECK(dangling.exit_code == 2);
  CHECK(has(dangling.err, "error[E300]"));
}

// -- Configuration.

TEST_CASE("what can have no effect, and a host that nobody can ask for, is an error with place and hint") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/coffees.toml";
  const auto serve = [&](const std::string& text) {
    std::ofstream(file) << text;
    return run_coffees({"serve", "--config", file, "--port", "0"});
  };
  for (const auto& [text, place] : std::vector<std::pair<std::string, std::string>>{
           {function("espresso", menu("espresso"), "queue_timeout = \"5s\""), ":3:17: "},
           {function("espresso", menu("espresso"), "reuse = false\nmax_requests = 5"), ":4:16: "},
           {"[server]\nhosts = [\"http://coffee.example\"]\n", ":2:9: "},
           {"[server]\nhosts = [\"coffee.example:80\"]\n", ":2:9: "}}) {
    const CommandResult result = serve(text);
    INFO(result.err);
    CHECK(result.exit_code == 2);
    CHECK(has(result.err, file + place));
    CHECK(has(result.err, "\n  hint: "));
  }
}

TEST_CASE("values of env are printed nowhere: not by commands, the admin port, recordings or errors") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/coffees.toml";
  std::ofstream(file) << function("espresso", menu("espresso"), "env = { PASSWORD = \"hunter2\" }");
  const std::string record = directory.path() + "/events";
  const std::string from_outside = "COFFEES_FUNCTIONS__ESPRESSO__ENV__PIN=hunter2";
  const Server server(read_file(file), {"--record", record, "--record-texts"}, {from_outside});
  const std::string id = post(server.port(), "/espresso", "x").header("x-request-id");
  REQUIRE(eventually([&] { return is_finished_in(record, id); }));
  std::string told = read_file(record) + server.errors();
  for (const char* path :
       {"/api/v1/config", "/api/v1/functions", "/api/v1/workers", "/api/v1/isolation", "/metrics"})
    told += get(server.admin_port(), path).body;
  for (const auto& command : std::vector<std::vector<std::string>>{
           {"config", "show", "--config", file},
           {"config", "show", "--config", file, "--json", "--origin"},
           {"check", "--config", file, "--json"},
           {"check", "--config", file, "--set", "functions.espresso.env=hunter2"},
           {"check", "--config", file, "--set", "functions.espresso.env.PASSWORD:hunter2"},
           {"check", "--config", file, "--set", "functions.espresso.env={ A = \"hunter2\""},
           {"check", "--config", file, "--st", "functions.espresso.env.PASSWORD=hunter2"},
           {"--set=functions.espresso.env.PASSWORD=hunter2", "serve"}}) {
    const CommandResult result = run_coffees(command, "", {from_outside});
    told += result.out + result.err;
  }
  std::ofstream(file) << "[functions.espresso]\npath = \"x\"\nenv = { PASSWORD = \"hunter2\\q\" }\n";
  told += run_coffees({"check", "--config", file}).err;
  CHECK(has(told, "PASSWORD"));
  CHECK(has(told, "PIN"));
  CHECK(has(told, "(hidden)"));
  CHECK_FALSE(has(told, "hunter2"));
}

TEST_CASE("compound durations and sizes of other spellings are what they say") {
  const CommandResult result =
      run_coffees({"config", "show", menu("espresso"), "--set", "server.drain=1h30m", "--set",
                   "defaults.keep_warm=1d", "--set", "defaults.memory=128M", "--set", "server.max_body=1GB"});
  INFO(result.err);
  CHECK(result.exit_code == 0);
  for (const char* line :
       {"drain = \"90m\"", "keep_warm = \"1d\"", "memory = \"128MiB\"", "max_body = \"1GiB\""})
    CHECK(has(result.out, line));
}

// -- Calling and looking back.

TEST_CASE("`invoke` sends the method, header fields and body that it is given, as curl does") {
  const Server server(function("mirror", fixture("mirror")));
  const auto invoke = [&](std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), {"invoke", "mirror/a?b=c", "--server", server.url(), "-q"});
    const CommandResult result = run_coffees(arguments, input);
    INFO(result.err);
    CHECK(result.exit_code == 0);
    return json::parse(result.out, nullptr, false);
  };
  const json plain = invoke({});
  CHECK(plain["method"] == "POST");
  CHECK(plain["path"] == "/a");
  CHECK(plain["query"] == "b=c");
  CHECK(header_of(plain, "Content-Type") == "application/json");
  const json full = invoke({"-X", "PUT", "-H", "Content-Type: text/plain", "-H", "X-Cup:  large  ", "-H",
                            "x-empty;", "-H", "X-Not:", "-H", "X-Cup: small", "-d", "beans"});
  CHECK(full["method"] == "PUT");
  CHECK(full["body"] == "beans");
  CHECK(header_of(full, "Content-Type") == "text/plain");
  CHECK(header_of(full, "x-empty").empty());
  CHECK(header_of(full, "X-Not") == "(none)");
  CHECK(has(full.dump(), R"(["X-Cup","large"])"));
  CHECK(has(full.dump(), R"(["X-Cup","small"])"));
  CHECK_FALSE(has(full.dump(), "application/json"));
  CHECK(invoke({"-X", "GET"})["method"] == "GET");
  CHECK(invoke({"-X", "DELETE"})["method"] == "DELETE");
  for (const char* from_input : {"-", "@-"})
    CHECK(invoke({"-d", from_input}, "line 1\nline 2\n")["body"] == "line 1\nline 2\n");
  const CommandResult with_head = run_coffees({"invoke", "mirror", "-i", "-q", "--server", server.url()});
  CHECK(with_head.out.starts_with("HTTP/1.1 200 OK\n"));
  CHECK(has(with_head.out, "\n\n{"));
  const CommandResult head =
      run_coffees({"invoke", "mirror", "-i", "-q", "-X", "HEAD", "--server", server.url()});
  CHECK(head.exit_code == 0);
  CHECK(head.out.ends_with("\n\n"));
}

TEST_CASE("a header field or method that cannot be sent is an error, and its value is not repeated") {
  const Server server(function("mirror", fixture("mirror")));
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"-H", "hunter2"},
                                                        {"-H", ": hunter2"},
                                                        {"-H", "X Y: hunter2"},
                                                        {"-H", "X: a\r\nEvil: hunter2"},
                                                        {"-H", "X; hunter2"},
                                                        {"-H", "Content-Length: 5"},
                                                        {"-H", "transfer-encoding: chunked"},
                                                        {"-H", "Host:"},
                                                        {"-H", ""},
                                                        {"-X", "G ET"},
                                                        {"-X", ""},
                                                        {"-X", "GET / HTTP/1.1\r\n"}}) {
    const CommandResult result = run_coffees({"invoke", "mirror", option, value, "--server", server.url()});
    INFO(option << " " << value << ": " << result.err);
    CHECK(result.exit_code == 2);
    CHECK(result.err.starts_with("error[E1"));
    CHECK(has(result.err, "\n  hint: "));
    CHECK_FALSE(has(result.err, "hunter2"));
  }
}

TEST_CASE("`--since` takes a timestamp with or without an offset, a date, or a compound duration") {
  const Server server(function("talker", fixture("talker")));
  post(server.port(), "/talker", R"({"lines":1})");
  const auto logs = [&](const std::string& since, const std::string& zone = "UTC0") {
    return run_coffees({"logs", "--since", since, "--server", server.url()}, "", {"TZ=" + zone});
  };
  const auto at = [](int hours) {
    const std::time_t time =
        std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + std::chrono::hours(hours));
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    return std::string(text.data());
  };
  REQUIRE(eventually([&] { return has(logs("1d2h").out, "logged by"); }));
  for (const std::string& past : {at(-1) + "Z", at(-1) + ".25Z", at(-1), at(1) + "+02:00",
                                  std::string("2020-01-31"), std::string("2020-01-31 12:00:00")})
    CHECK(has(logs(past).out, "logged by"));
  for (const std::string& future : {at(1) + "Z", at(1), at(-1) + "-02:00", std::string("2200-01-31")}) {
    CHECK(logs(future).exit_code == 0);
    CHECK(logs(future).out.empty());
  }
  // Local time: an hour ahead of UTC, now is an hour later there.
  CHECK(has(logs(at(0), "EAST-2").out, "logged by"));
  CHECK(logs(at(0), "WEST2").out.empty());
  for (const char* bad : {"yesterday", "2026-02-30", "1h30", "-1h", "2026-01-31T12:00"}) {
    const CommandResult result = logs(bad);
    CHECK(result.exit_code == 2);
    CHECK(has(result.err, "\n  hint: "));
  }
  const CommandResult stats =
      run_coffees({"stats", "--since", at(-1) + "Z", "--json", "--server", server.url()});
  CHECK(has(stats.out, "\"ok\":1"));
  CHECK(get(server.admin_port(), "/api/v1/invocations?since=" + at(-1) + "Z").json()["invocations"].size() ==
        1);
  CHECK(get(server.admin_port(), "/api/v1/invocations?since=tomorrow").status == 400);
}
