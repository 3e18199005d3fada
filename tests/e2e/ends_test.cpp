// What is taken for the end of a process: its exit, and nothing else.
#include <chrono>
#include <csignal>
#include <filesystem>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/program_under_test.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

std::size_t open_descriptors(const Server& server) {
  const std::string folder = "/proc/" + std::to_string(server.pid()) + "/fd";
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

struct Host {
  const char* isolation;
  unsigned user;
};

}  // namespace

TEST_CASE("a worker that stops for a tracer has not ended: it is killed at its timeout") {
  const Host host = GENERATE(Host{"best", 0}, Host{"none", 0}, Host{"best", 65534});
  if (host.user != 0 && ::getuid() != 0) return;
  const std::string keys = "limit = 3\ntimeout = \"100ms\"\nkeep_warm = \"5m\"";
  const std::vector<std::string> flags{"--isolation", host.isolation};
  const auto server = host.user == 0
                          ? std::make_unique<Server>(function("processes", fixture("processes"), keys), flags)
                          : std::make_unique<Server>(function("processes", fixture("processes"), keys),
                                                     Server::AsUser(host.user), flags);
  for (int i = 0; i < 12; ++i) {
    const Response response = post(server->port(), "/processes", json{{"do", "trace_stop"}}.dump());
    CHECK(response.status == 504);
  }
  CHECK(eventually([&] { return server->workers().empty(); }, 1000));
  CHECK(post(server->port(), "/processes", json{{"do", "nothing"}}.dump()).status == 200);
}

TEST_CASE("workers that a zygote lies about end like others, and nothing of them stays") {
  const char* isolation = GENERATE("best", "none");
  Server server(function("liar", fixture("liar"), "limit = 3\nreuse = false"), {"--isolation", isolation});
  const auto call = [&] { return post(server.port(), "/liar", ""); };
  CHECK(call().body != "0");  // its zygote is patched
  const std::size_t before = open_descriptors(server);
  for (int i = 0; i < 20; ++i) CHECK(call().status == 200);
  CHECK(eventually([&] { return server.workers().empty(); }));
  CHECK(eventually([&] { return open_descriptors(server) <= before; }));
  EventStream events(server.admin_port());
  call();
  const json stopped =
      events.until([](const ServerEvent& event) { return event.data["type"] == "worker.stopped"; })
          .back()
          .data;
  CHECK(stopped["reason"] == "max_requests");
}

TEST_CASE("a zygote that is stopped is replaced, and the request behind it is answered within 3 seconds") {
  Server server(function("espresso", menu("espresso"), "reuse = false"));
  REQUIRE(post(server.port(), "/espresso", "").status == 200);
  const std::vector<pid_t> zygotes = server.zygotes();
  REQUIRE(zygotes.size() == 1);
  ::kill(zygotes[0], SIGSTOP);
  const auto asked = std::chrono::steady_clock::now();
  const Response response = post(server.port(), "/espresso", "");
  CHECK(response.status == 200);
  CHECK(std::chrono::steady_clock::now() - asked < std::chrono::seconds(is_sanitized() ? 6 : 3));
  CHECK(eventually([&] { return alive(zygotes).empty(); }));
  CHECK(post(server.port(), "/espresso", "").status == 200);
}
