// Starting, stopping and dying of the server itself.
#include <atomic>
#include <csignal>
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;

namespace {

// Starts `count` requests of `ms` milliseconds and returns when all of them are with a worker.
std::vector<std::jthread> keep_busy(const Server& server, int count, int ms,
                                    std::vector<Response>& responses) {
  responses.resize(static_cast<std::size_t>(count));
  std::vector<std::jthread> threads;
  threads.reserve(responses.size());
  for (Response& response : responses)
    threads.emplace_back([&server, &response, ms] {
      response = post(server.port(), "/latte", R"({"ms":)" + std::to_string(ms) + "}");
    });
  const auto started = [&server] {
    const std::string text = server.errors();
    int found = 0;
    for (std::size_t at = text.find("| grinding"); at != std::string::npos;
         at = text.find("| grinding", at + 1))
      ++found;
    return found;
  };
  REQUIRE(eventually([&] { return started() >= count; }, 20'000));
  return threads;
}

}  // namespace

TEST_CASE("SIGTERM drains: what is under way is answered, what is new is refused, the exit code is 0") {
  Server server(function("latte", menu("latte")));
  std::vector<Response> responses;
  std::vector<std::jthread> threads = keep_busy(server, 10, 2500, responses);
  server.signal(SIGTERM);
  REQUIRE(eventually([&] { return server.errors().find("stopping:") != std::string::npos; }));
  const Response refused = post(server.port(), "/latte");
  CHECK(refused.status == 503);
  CHECK_FALSE(refused.header("retry-after").empty());
  CHECK(refused.header("connection") == "close");
  for (std::jthread& thread : threads) thread.join();
  CHECK(count_status(responses, 200) == 10);
  CHECK(server.wait() == 0);
}

TEST_CASE("a second SIGTERM after a second stops at once, and so does the end of drain") {
  for (const bool second_signal : {true, false}) {
    Server server("[server]\ndrain = \"" + std::string(second_signal ? "60s" : "100ms") + "\"\n" +
                  function("latte", menu("latte"), "timeout = \"60s\""));
    std::vector<Response> responses;
    std::vector<std::jthread> threads = keep_busy(server, 2, 20'000, responses);
    const std::vector<pid_t> processes = server.descendants();
    server.signal(SIGTERM);
    if (second_signal) {
      REQUIRE(eventually([&] { return server.errors().find("stopping:") != std::string::npos; }));
      sleep_ms(1100);  // within a second it would be the same wish
      server.signal(SIGTERM);
    }
    CHECK(server.wait() == 10);
    CHECK(alive(processes).empty());
    for (std::jthread& thread : threads) thread.join();
    CHECK(count_status(responses, 200) == 0);
    CHECK(count_status(responses, 502) == 0);  // it is not the handler's fault
  }
}

TEST_CASE("an idle server stops with exit code 0 and leaves no process") {
  Server server(function("espresso", menu("espresso")));
  post(server.port(), "/espresso", "x");
  const std::vector<pid_t> processes = server.descendants();
  REQUIRE(processes.size() >= 3);
  server.signal(SIGINT);
  CHECK(server.wait() == 0);
  CHECK(alive(processes).empty());
}

TEST_CASE("kill -9 of the dispatcher with 50 busy workers leaves no process of ours") {
  Server server(function("latte", menu("latte"), "timeout = \"60s\""));
  std::vector<Response> responses;
  std::vector<std::jthread> threads = keep_busy(server, 50, 20'000, responses);
  const std::vector<pid_t> processes = server.descendants();
  CHECK(processes.size() >= 52);
  server.signal(SIGKILL);
  CHECK(server.wait() == -SIGKILL);
  CHECK(eventually([&] { return alive(processes).empty(); }, 1000));
  for (std::jthread& thread : threads) thread.join();
}

TEST_CASE("without namespaces the same holds, daemons of handlers included", "[load]") {
  Server server(function("misbehave", fixture("misbehave"), "timeout = \"60s\""), {"--isolation", "none"});
  CHECK(server.level() == "none");
  std::jthread client([&] { post(server.port(), "/misbehave", R"({"do":"spin_with_daemon"})"); });
  std::vector<pid_t> processes;
  REQUIRE(eventually([&] { return (processes = server.descendants()).size() >= 4; }));
  const std::vector<pid_t> sessions = sessions_of(processes);
  server.signal(SIGKILL);
  server.wait();
  client.join();
  CHECK(eventually([&] { return alive(processes).empty(); }, 2000));
  CHECK_FALSE(seen_in_sessions(sessions));
}

TEST_CASE("a server whose console nobody reads any more serves on") {
  Server server(function("espresso", menu("espresso")), Server::Unread{});
  for (int i = 0; i < 3; ++i) CHECK(post(server.port(), "/espresso", "x").status == 200);
}

TEST_CASE("a port that is taken and was asked for by name is exit code 11") {
  Server server(function("espresso", menu("espresso")));
  const CommandResult result =
      run_coffees({"serve", menu("espresso"), "--port", std::to_string(server.port())});
  CHECK(result.exit_code == 11);
  CHECK(result.err.find("error[E101]") != std::string::npos);
}

TEST_CASE("a configuration with errors is exit code 2 and names every one of them") {
  const CommandResult result = run_coffees({"serve", "--config", "/nonexistent.toml"});
  CHECK(result.exit_code == 2);
  CHECK(result.err.find("error[E300]") != std::string::npos);
  CHECK(run_coffees({"brew"}).exit_code == 2);
  CHECK(run_coffees({"serve", "--port", "70000"}).exit_code == 2);
  CHECK(run_coffees({"--help"}).exit_code == 0);
}

TEST_CASE("check tells what is wrong with each library and ends with exit code 8") {
  CHECK(run_coffees({"check", menu("espresso")}).exit_code == 0);
  for (const auto& [name, code] : std::vector<std::pair<std::string, std::string>>{
           {"no_symbol", "E204"}, {"other_abi", "E203"}, {"init_throws", "E205"}, {"init_crashes", "E207"}}) {
    const CommandResult result = run_coffees({"check", fixture(name)});
    INFO(result.err);
    CHECK(result.exit_code == 8);
    CHECK(result.err.find("error[" + code + "]") != std::string::npos);
    CHECK(result.err.find("hint:") != std::string::npos);
  }
}

TEST_CASE(
    "invoke prints the answer alone, the timing on standard error, and tells by its exit code what "
    "happened") {
  Server server(function("espresso", menu("espresso")) +
                function("misbehave", fixture("misbehave"), "timeout = \"300ms\"\nlimit = 1"));
  const auto invoke = [&](const std::string& name, const std::string& data) {
    return run_coffees({"invoke", name, "-d", data, "--server", server.url()});
  };
  const CommandResult result = invoke("espresso", R"({"a":1})");
  CHECK(result.exit_code == 0);
  CHECK(result.out == R"({"a":1})");
  CHECK(result.err.find("cold start on espresso#1") != std::string::npos);
  CHECK(run_coffees({"invoke", "espresso", "-d", "-", "--server", server.url()}, "from stdin").out ==
        "from stdin");
  CHECK(invoke("misbehave", R"({"do":"throw"})").exit_code == 3);
  CHECK(invoke("misbehave", R"({"do":"spin"})").exit_code == 4);
  CHECK(invoke("misbehave", R"({"do":"abort"})").exit_code == 6);
  CHECK(invoke("nobody", "").exit_code == 2);
  // Somebody else keeps the only worker busy, again and again, until we were refused once.
  std::atomic<bool> enough = false;
  std::jthread other([&] {
    while (!enough) post(server.port(), "/misbehave", R"({"do":"spin"})");
  });
  int exit_code = 0;
  for (int i = 0; i < 1000 && exit_code != 5; ++i) exit_code = invoke("misbehave", "{}").exit_code;
  enough = true;
  other.join();
  CHECK(exit_code == 5);
  CHECK(run_coffees({"invoke", "espresso", "--server", "http://127.0.0.1:1"}).exit_code == 7);
}
