// A worker is a process like any other: its children, its signals, and what it uses up.
#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/program_under_test.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

Response order(const Server& server, const json& what) {
  return post(server.port(), "/processes", what.dump());
}

bool is_zombie(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("State:")) return line.find('Z') != std::string::npos;
  return false;
}

std::string detail_of(const Response& response) { return response.json().value("detail", ""); }

}  // namespace

TEST_CASE("a handler that double-forks can do so for as long as it likes, and leaves no zombies") {
  Server server(function("processes", fixture("processes"), "limit = 1\nprocesses = 8"));
  for (int i = 0; i < 60; ++i) {
    const Response response = order(server, {{"do", "double_fork"}, {"ms", i % 3 == 0 ? 1000 : 0}});
    REQUIRE(response.status == 200);
  }
  // The last worker may still be on its way out.
  CHECK(eventually([&] {
    const std::vector<pid_t> all = server.descendants();
    return server.workers().empty() && std::none_of(all.begin(), all.end(), is_zombie);
  }));
}

TEST_CASE("a process that a request leaves behind ends with its worker, which serves no other request") {
  Server server(function("processes", fixture("processes")));
  order(server, {{"do", "nothing"}});
  const std::size_t before = server.descendants().size();
  EventStream events(server.admin_port());
  const Response first = order(server, {{"do", "leave_child"}});
  CHECK(first.status == 200);
  const json stopped =
      events.until([](const ServerEvent& event) { return event.data["type"] == "worker.stopped"; })
          .back()
          .data;
  CHECK(stopped["reason"] == "children");
  const Response second = order(server, {{"do", "nothing"}});
  CHECK(eventually([&] { return server.descendants().size() == before; }));
  CHECK(second.header("x-coffees-start") == "cold");
  CHECK(order(server, {{"do", "nothing"}}).header("x-coffees-start") == "warm");
}

TEST_CASE("a handler that waits for its children keeps its worker") {
  Server server(function("processes", fixture("processes")));
  for (const char* what : {"nothing", "child", "from_child", "child"})
    CHECK(order(server, {{"do", what}, {"signal", SIGUSR1}}).header("x-coffees-worker") == "processes#1");
}

TEST_CASE("a signal that a worker raises against itself ends it, and is told by its name") {
  for (const char* isolation : {"best", "none"}) {
    Server server(function("processes", fixture("processes"), "keep_warm = \"5m\""),
                  {"--isolation", isolation});
    const struct {
      int signal;
      const char* name;
    } signals[] = {{SIGTERM, "terminated"},
                   {SIGINT, "interrupt"},
                   {SIGHUP, "hangup"},
                   {SIGQUIT, "quit"},
                   {SIGUSR1, "user defined signal 1"},
                   {SIGUSR2, "user defined signal 2"},
                   {SIGSEGV, "segmentation fault"},
                   {SIGABRT, "aborted"}};
    for (const auto& [signal, name] : signals)
      for (const char* way : {"raise", "kill", "queue", "thread"}) {
        const Response response = order(server, {{"do", way}, {"signal", signal}});
        INFO(isolation << " " << way << " " << name << ": " << response.body);
        CHECK(response.status == 502);
        CHECK(detail_of(response).find(std::string("died: ") + name) != std::string::npos);
        // Else the breaker would open.
        REQUIRE(eventually([&] { return order(server, {{"do", "nothing"}}).status == 200; }));
      }
    const Response alarm = order(server, {{"do", "alarm"}});
    CHECK(detail_of(alarm).find("died: alarm clock") != std::string::npos);
  }
}

TEST_CASE("signals between a worker and its children work as everywhere") {
  Server server(function("processes", fixture("processes")));
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGKILL}) {
    CHECK(order(server, {{"do", "child"}, {"signal", signal}}).json()["ended"] == -signal);
    if (signal != SIGKILL)
      CHECK(order(server, {{"do", "from_child"}, {"signal", signal}}).json()["caught"] == signal);
  }
  CHECK(order(server, {{"do", "pipe"}}).json()["error"] == EPIPE);
}

TEST_CASE("a signal from outside does not end a worker that serves, at no level") {
  for (const char* isolation : {"best", "none"}) {
    Server server(function("processes", fixture("processes")), {"--isolation", isolation});
    order(server, {{"do", "nothing"}});
    std::optional<Response> answer;
    std::jthread client([&] { answer = order(server, {{"do", "sleep"}, {"ms", 300}}); });
    const std::vector<pid_t> workers = server.workers();
    REQUIRE(workers.size() == 1);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGRTMIN + 3})
      CHECK(::kill(workers[0], signal) == 0);
    client.join();
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(order(server, {{"do", "nothing"}}).header("x-coffees-worker") == "processes#1");
  }
}

TEST_CASE("a worker that has lost the means to work is replaced, and the next request is served") {
  Server server(function("processes", fixture("processes"), "tmp = \"4MiB\"\nprocesses = 8"));
  for (const std::string what : {"descriptors", "threads", "tmp", "close_output"}) {
    // AddressSanitizer needs a descriptor for every exception.
    if (has_address_sanitizer() && what == "descriptors") continue;
    const Response broken = order(server, {{"do", what}});
    INFO(what << ": " << broken.body);
    CHECK(broken.status == 500);
    const Response next = order(server, {{"do", "nothing"}});
    CHECK(next.status == 200);
    CHECK(next.header("x-coffees-worker") != broken.header("x-coffees-worker"));
  }
}
