// A server as a service manager, a container runtime, a log rotation and their operators treat it.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/container.h"
#include "e2e/support/program.h"
#include "e2e/support/program_under_test.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

// A sanitizer makes every start several times as long.
int round_count() { return is_sanitized() ? 2 : 10; }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

template <typename Running>
std::size_t count_grinding(const Running& server) {
  const std::string text = server.errors();
  std::size_t count = 0;
  for (std::size_t at = text.find("| grinding"); at != std::string::npos;
       at = text.find("| grinding", at + 1))
    ++count;
  return count;
}

// Answers of latte that take `ms`, all of them under way when this returns.
template <typename Running>
std::vector<std::jthread> order_lattes(const Running& server, int ms, std::vector<Response>& responses) {
  const std::size_t before = count_grinding(server);
  std::vector<std::jthread> threads;
  threads.reserve(responses.size());
  for (Response& response : responses)
    threads.emplace_back([&server, &response, ms] {
      response = post(server.port(), "/latte", R"({"ms":)" + std::to_string(ms) + "}");
    });
  REQUIRE(eventually([&] { return count_grinding(server) >= before + responses.size(); }, 20'000));
  return threads;
}

template <typename Running>
bool is_stopping(const Running& server) {
  return eventually([&] { return has(server.errors(), "stopping:"); });
}

std::vector<json> lines_of(const std::string& file) {
  std::vector<json> all;
  std::istringstream text(read_file(file));
  for (std::string line; std::getline(text, line);) all.push_back(json::parse(line));
  return all;
}

}  // namespace

// -- Signals.

TEST_CASE("a second SIGTERM within a second is the same signal: the drain goes on") {
  Server server(function("latte", menu("latte")));
  std::vector<Response> responses(3);
  std::vector<std::jthread> threads = order_lattes(server, 900, responses);
  server.signal(SIGTERM);
  REQUIRE(is_stopping(server));
  for (int i = 0; i < 3; ++i) server.signal(SIGTERM);
  threads.clear();
  CHECK(count_status(responses, 200) == 3);
  CHECK(server.wait() == 0);
  CHECK_FALSE(has(server.errors(), "stopped at once"));
}

TEST_CASE("SIGTERM twice is a drain each time, as `timeout` and `tini -g` send it") {
  for (int round = 0; round < round_count(); ++round) {
    Server server(function("latte", menu("latte")));
    std::vector<Response> responses(2);
    std::vector<std::jthread> threads = order_lattes(server, 150, responses);
    server.signal(SIGTERM);
    server.signal(SIGTERM);
    threads.clear();
    CHECK(count_status(responses, 200) == 2);
    CHECK(server.wait() == 0);
  }
}

TEST_CASE("a second SIGINT within 200 ms is the same signal, a later one stops at once") {
  for (const bool later : {false, true}) {
    bool in_time = false;
    for (int attempt = 0; attempt < 5 && !in_time; ++attempt) {
      Server server(function("latte", menu("latte"), "timeout = \"60s\""));
      std::vector<Response> responses(1);
      std::vector<std::jthread> threads = order_lattes(server, later ? 30'000 : 900, responses);
      const auto first = std::chrono::steady_clock::now();
      server.signal(SIGINT);
      REQUIRE(is_stopping(server));
      if (later) sleep_ms(250);  // the time is what makes it another wish
      server.signal(SIGINT);
      // A machine that was busy with something else proves nothing about the same wish.
      in_time = later || std::chrono::steady_clock::now() - first < std::chrono::milliseconds(150);
      const int exit_code = server.wait();
      threads.clear();
      if (!in_time) continue;
      CHECK(exit_code == (later ? 10 : 0));
      CHECK(count_status(responses, 200) == (later ? 0 : 1));
    }
    CHECK(in_time);
  }
}

TEST_CASE("another signal is another wish: SIGINT right after SIGTERM stops at once") {
  Server server(function("latte", menu("latte"), "timeout = \"60s\""));
  std::vector<Response> responses(1);
  std::vector<std::jthread> threads = order_lattes(server, 30'000, responses);
  server.signal(SIGTERM);
  REQUIRE(is_stopping(server));
  server.signal(SIGINT);
  CHECK(server.wait() == 10);
}

TEST_CASE("SIGUSR1 and SIGUSR2 stop nothing, not even a drain") {
  Server server(function("latte", menu("latte")));
  const auto send_both = [&] {
    server.signal(SIGUSR1);
    server.signal(SIGUSR2);
  };
  send_both();
  CHECK(get(server.port(), "/healthz").status == 200);
  std::vector<Response> responses(2);
  std::vector<std::jthread> threads = order_lattes(server, 600, responses);
  send_both();
  server.signal(SIGTERM);
  REQUIRE(is_stopping(server));
  send_both();
  threads.clear();
  CHECK(count_status(responses, 200) == 2);
  CHECK(server.wait() == 0);
}

TEST_CASE("init and zygote outlive every signal from outside that a service manager may send to a tree") {
  for (const char* isolation : {"best", "none"}) {
    Server server(function("latte", menu("latte")), {"--isolation", isolation});
    REQUIRE(post(server.port(), "/latte", R"({"ms":1})").status == 200);
    const std::vector<pid_t> workers = server.workers();
    std::vector<pid_t> others;
    for (const pid_t pid : server.descendants())
      if (std::find(workers.begin(), workers.end(), pid) == workers.end()) others.push_back(pid);
    REQUIRE(others.size() == 2);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2})
      for (const pid_t pid : others) ::kill(pid, number);
    // Both are still at work: a second worker comes from the same zygote.
    const std::vector<Response> both = post_in_parallel(server.port(), "/latte", R"({"ms":200})", 2);
    CHECK(count_status(both, 200) == 2);
    CHECK(server.workers().size() == 2);
    CHECK(alive(others).size() == 2);
    CHECK_FALSE(has(server.errors(), "function.failed"));
  }
}

TEST_CASE(
    "code of handlers and of init finds no signal ignored or blocked: programs that it starts would inherit "
    "that") {
  for (const char* isolation : {"best", "none"})
    for (const char* start : {"zygote", "fresh"}) {
      const Server server(function("signals", fixture("signals"), std::string("start = \"") + start + "\""),
                          {"--isolation", isolation});
      const json seen = post(server.port(), "/signals").json();
      CHECK(seen["in_init"] == json::array());
      CHECK(seen["in_handler"] == json::array());
    }
}

TEST_CASE("a signal that init raises against itself ends it, and its name is told") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/coffees.toml";
  for (const char* isolation : {"best", "none"})
    for (const auto& [number, name] : std::vector<std::pair<int, std::string>>{
             {SIGTERM, "terminated"}, {SIGINT, "interrupt"}, {SIGUSR1, "user defined signal 1"}}) {
      std::ofstream(file) << function("signals", fixture("signals"),
                                      "env = { RAISE = \"" + std::to_string(number) + "\" }");
      const CommandResult result = run_coffees({"check", "--config", file, "--isolation", isolation});
      INFO(result.err);
      CHECK(result.exit_code == 8);
      CHECK(has(result.err, name));
    }
}

TEST_CASE("SIGHUP opens the recording anew and stops nothing: a log rotation loses no event") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/coffees.toml") << function("espresso", menu("espresso"));
  const std::string file = directory.path() + "/events";
  const Program server({"--record", file}, Program::Terminal::none, directory.path());
  const std::string first = post(server.port(), "/espresso", "1").header("x-request-id");
  REQUIRE(eventually([&] { return is_finished_in(file, first); }));
  std::filesystem::rename(file, file + ".1");
  server.signal(SIGHUP);
  REQUIRE(eventually([&] { return std::filesystem::exists(file); }));
  const std::string second = post(server.port(), "/espresso", "2").header("x-request-id");
  REQUIRE(eventually([&] { return is_finished_in(file, second); }));
  CHECK_FALSE(is_finished_in(file + ".1", second));
  const std::vector<json> before = lines_of(file + ".1");
  const std::vector<json> after = lines_of(file);
  CHECK(after[0]["type"] == "hello");
  CHECK(after[0]["functions"] == json({"espresso"}));
  CHECK(after[0]["config"] == before[0]["config"]);
  CHECK(after[1]["seq"].get<int>() == before.back()["seq"].get<int>() + 1);
  CHECK(eventually([&] { return has(server.errors(), "opened anew"); }));
}

TEST_CASE("a recording that cannot be opened anew goes on where it was") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/coffees.toml") << function("espresso", menu("espresso"));
  const std::string file = directory.path() + "/logs/events";
  std::filesystem::create_directory(directory.path() + "/logs");
  const Program server({"--record", file}, Program::Terminal::none, directory.path());
  std::filesystem::rename(directory.path() + "/logs", directory.path() + "/old");
  server.signal(SIGHUP);
  REQUIRE(eventually([&] { return has(server.errors(), "the recording continues in the open file"); }));
  const std::string id = post(server.port(), "/espresso", "x").header("x-request-id");
  CHECK(eventually([&] { return is_finished_in(directory.path() + "/old/events", id); }));
}

TEST_CASE("SIGHUP without a terminal never stops a server, not even one that drains") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/coffees.toml") << function("latte", menu("latte"));
  Program server({}, Program::Terminal::none, directory.path());
  for (int i = 0; i < 3; ++i) server.signal(SIGHUP);
  REQUIRE(eventually([&] { return has(server.errors(), "SIGHUP: there is no --record"); }));
  std::vector<Response> responses(1);
  std::vector<std::jthread> threads = order_lattes(server, 600, responses);
  server.signal(SIGTERM);
  server.signal(SIGHUP);  // as systemd does with SendSIGHUP=yes
  threads.clear();
  CHECK(count_status(responses, 200) == 1);
  CHECK(server.wait() == 0);
}

TEST_CASE("a terminal that is closed drains, unless nohup has said otherwise") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/coffees.toml") << function("latte", menu("latte"));
  std::signal(SIGHUP, SIG_DFL);  // this test may run under nohup itself
  Program server({}, Program::Terminal::own, directory.path());
  std::vector<Response> responses(2);
  std::vector<std::jthread> threads = order_lattes(server, 300, responses);
  server.close_terminal();
  CHECK(server.wait() == 0);
  threads.clear();
  CHECK(count_status(responses, 200) == 2);

  std::signal(SIGHUP, SIG_IGN);  // which a program that is started inherits
  Program stays({}, Program::Terminal::own, directory.path());
  std::signal(SIGHUP, SIG_DFL);
  stays.close_terminal();
  REQUIRE(eventually([&] { return has(stays.errors(), "SIGHUP: there is no --record"); }));
  CHECK(post(stays.port(), "/latte", R"({"ms":1})").status == 200);
}

// -- Readiness.

TEST_CASE("/readyz is 503 when every function has failed to load, and 200 while one has not") {
  const auto ready = [](const Server& server) { return get(server.port(), "/readyz"); };
  const Server broken(function("a", fixture("init_throws")) + function("b", "/nonexistent.so"));
  REQUIRE(eventually([&] { return ready(broken).status == 503; }));
  CHECK(ready(broken).json()["reason"] == "no function can be run");
  CHECK_FALSE(ready(broken).header("retry-after").empty());
  CHECK(get(broken.port(), "/healthz").status == 200);
  const Server half(function("a", fixture("init_throws")) + function("espresso", menu("espresso")));
  REQUIRE(eventually([&] { return has(half.errors(), "no beans"); }));
  CHECK(ready(half).status == 200);
}

TEST_CASE("/readyz is 503 while the breaker of every function is open, and 200 again after a success") {
  const Server server(function("misbehave", fixture("misbehave")) + function("broken", "/nonexistent.so"));
  const auto ready = [&] { return get(server.port(), "/readyz").status; };
  REQUIRE(eventually([&] { return ready() == 200; }));
  for (int i = 0; i < 5; ++i) post(server.port(), "/misbehave", R"({"do":"abort"})");
  CHECK(ready() == 503);
  REQUIRE(eventually([&] { return post(server.port(), "/misbehave", "{}").status == 200; }));
  CHECK(ready() == 200);
}

TEST_CASE("/readyz is 503 while draining") {
  Server server(function("latte", menu("latte")));
  CHECK(get(server.port(), "/readyz").status == 200);
  std::vector<Response> responses(1);
  std::vector<std::jthread> threads = order_lattes(server, 800, responses);
  server.signal(SIGTERM);
  REQUIRE(is_stopping(server));
  const Response response = get(server.port(), "/readyz");
  CHECK(response.status == 503);
  CHECK(response.json()["reason"] == "draining");
  threads.clear();
  CHECK(server.wait() == 0);
}

namespace {

// Level basic is what is left where namespaces are refused.
std::unique_ptr<Server> serve_at(const std::string& level, const std::string& configuration) {
  if (level == "none")
    return std::make_unique<Server>(configuration, std::vector<std::string>{"--isolation", "none"});
  if (level == "full") return std::make_unique<Server>(configuration);
  return std::async(std::launch::async,
                    [&] {
                      refuse_like_docker();
                      return std::make_unique<Server>(configuration);
                    })
      .get();
}

}  // namespace

TEST_CASE(
    "SIGTERM to every process of the tree at once drains, at every level: all are answered, exit code 0",
    "[load]") {
  for (const char* level : {"full", "basic", "none"})
    for (int round = 0; round < round_count(); ++round) {
      const std::unique_ptr<Server> server = serve_at(level, function("latte", menu("latte")));
      if (server->level() != level) {
        WARN("this host does not allow level " << level);
        break;
      }
      INFO(level << ", round " << round);
      std::vector<Response> responses(3);
      std::vector<std::jthread> threads = order_lattes(*server, 200, responses);
      std::vector<pid_t> tree = server->descendants();
      REQUIRE(tree.size() == 5);  // init, zygote, three workers
      // The dispatcher now before and now after its children: a service manager promises no order.
      tree.insert(round % 2 == 0 ? tree.begin() : tree.end(), server->pid());
      for (const pid_t pid : tree) ::kill(pid, SIGTERM);
      threads.clear();
      CHECK(count_status(responses, 200) == 3);
      CHECK(server->wait() == 0);
      CHECK(alive(tree).empty());
    }
}
