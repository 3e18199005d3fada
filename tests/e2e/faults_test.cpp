// What goes wrong, and what is said about it: timeouts, crashes, broken libraries, dying processes.
#include <csignal>
#include <deque>
#include <map>
#include <sstream>
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/program_under_test.h"
#include "e2e/support/server.h"

using namespace coffees::test;

namespace {

Response misbehave(const Server& server, const std::string& what) {
  return post(server.port(), "/misbehave", R"({"do":")" + what + "\"}");
}

}  // namespace

TEST_CASE(
    "an invocation that reaches its timeout is answered with 504, its processes are gone, and the next call "
    "works") {
  Server server(function("misbehave", fixture("misbehave"), "timeout = \"300ms\""));
  post(server.port(), "/misbehave", R"({"do":"nothing"})");
  const std::vector<pid_t> before = server.workers();
  for (const char* what : {"spin", "spin_with_daemon"}) {
    const Response response = misbehave(server, what);
    const std::vector<pid_t> workers = server.workers();
    CHECK(response.status == 504);
    CHECK(response.seconds >= 0.3);
    CHECK(response.json()["code"] == "timeout");
    CHECK(response.json()["request_id"] == response.header("x-request-id"));
    CHECK_FALSE(response.json()["hint"].get<std::string>().empty());
    CHECK(eventually([&] { return server.workers().empty(); }, 1000));
    CHECK(alive(before).empty());
  }
  const Response next = post(server.port(), "/misbehave", "{}");
  CHECK(next.status == 200);
  CHECK(next.header("x-coffees-start") == "cold");
}

TEST_CASE("time in the queue does not count towards the timeout") {
  Server server(function("latte", menu("latte"),
                         "limit = 1\nqueue = 10\nqueue_timeout = \"20s\"\ntimeout = \"1500ms\""));
  const auto responses = post_in_parallel(server.port(), "/latte", R"({"ms":400})", 5);
  CHECK(count_status(responses, 200) == 5);
}

TEST_CASE("each way to fail is told apart, and the neighbours do not notice") {
  Server server(function("misbehave", fixture("misbehave")) + function("latte", menu("latte")));
  std::vector<Response> neighbours;
  std::jthread neighbour([&] {
    for (int i = 0; i < 20; ++i) neighbours.push_back(post(server.port(), "/latte", R"({"ms":10})"));
  });
  const struct {
    const char* what;
    int status;
    const char* code;
    const char* detail;
  } cases[] = {
      {"null", 502, "crashed", "segmentation fault"},
      {"overflow", 502, "crashed", "segmentation fault"},
      {"jump_nowhere", 502, "crashed", "segmentation fault"},
      {"exit", 502, "crashed", "exit status 3"},
      {"throw", 500, "handler_error", "the last bean is gone"},
      {"abort", 502, "crashed", "died: aborted"},
      // Where the C library ends by another signal, both are named.
      {"abort_by_default", 502, "crashed", "abort"},
      {"abort_after_all", 502, "crashed", "abort"},
      {"terminate", 502, "crashed", "aborted"},
      {"throw_int", 500, "handler_error", "no std::exception"},
      {"divide", 502, "crashed", "floating point exception"},
  };
  for (const auto& expected : cases) {
    const Response response = misbehave(server, expected.what);
    INFO(expected.what << ": " << response.body);
    CHECK(response.status == expected.status);
    CHECK(response.json()["code"] == expected.code);
    CHECK(response.json()["detail"].get<std::string>().find(expected.detail) != std::string::npos);
  }
  CHECK(misbehave(server, "throw").json()["error_type"] == "(anonymous namespace)::OutOfBeans");
  neighbour.join();
  CHECK(count_status(neighbours, 200) == 20);
}

TEST_CASE(
    "a handler that writes to its channel or closes it loses its worker, and no other request suffers") {
  Server server(function("misbehave", fixture("misbehave")));
  for (const char* what : {"garbage", "close_channel"}) {
    const Response guilty = misbehave(server, what);
    // Its answer and its nonsense travel apart: whichever is seen first counts.
    CHECK((guilty.status == 200 || guilty.status == 502));
    const Response next = post(server.port(), "/misbehave", "{}");
    CHECK(next.status == 200);
    CHECK(next.header("x-coffees-worker") != guilty.header("x-coffees-worker"));
  }
  CHECK(eventually([&] { return server.workers().size() == 1; }));
}

TEST_CASE("five deaths in a row open the breaker: 503 at once, with the last cause") {
  Server server(function("misbehave", fixture("misbehave")) + function("espresso", menu("espresso")));
  for (int i = 0; i < 5; ++i) CHECK(misbehave(server, "abort").status == 502);
  const Response refused = post(server.port(), "/misbehave", "{}");
  CHECK(refused.status == 503);
  CHECK(refused.json()["code"] == "crash_loop");
  CHECK(refused.json()["detail"].get<std::string>().find("aborted") != std::string::npos);
  CHECK_FALSE(refused.header("retry-after").empty());
  CHECK(post(server.port(), "/espresso", "x").status == 200);
  CHECK(eventually([&] { return post(server.port(), "/misbehave", "{}").status == 200; }));
  CHECK(eventually([&] { return server.errors().find("breaker closed") != std::string::npos; }));
  CHECK(server.errors().find("breaker open") != std::string::npos);
}

TEST_CASE("libraries that cannot be served get an error each, and the others are served") {
  Server server(function("a", fixture("no_symbol")) + function("b", fixture("other_abi")) +
                function("c", fixture("init_throws")) +
                function("d", fixture("init_hangs"), "init_timeout = \"300ms\"") +
                function("e", fixture("no_entry")) + function("f", fixture("init_crashes")) +
                function("g", "/nonexistent.so") + function("h", program_under_test()) +
                function("espresso", menu("espresso")));
  const auto detail = [&server](const std::string& name) {
    const Response response = post(server.port(), "/" + name, "{}");
    CHECK(response.status == 502);
    CHECK(response.json()["code"] == "init_failed");
    return response.json()["detail"].get<std::string>();
  };
  CHECK(detail("a").starts_with("E204"));
  CHECK(detail("b").starts_with("E203"));
  CHECK(detail("c").starts_with("E205"));
  CHECK(detail("c").find("no beans in the shop") != std::string::npos);
  CHECK(detail("d").starts_with("E206"));
  CHECK(detail("e").starts_with("E204"));
  CHECK(detail("f").starts_with("E207"));
  CHECK(detail("g").starts_with("E208"));
  CHECK(post(server.port(), "/espresso", "x").status == 200);
}

TEST_CASE("an idle worker that is killed is not missed by the next request") {
  Server server(function("espresso", menu("espresso")));
  post(server.port(), "/espresso", "x");
  for (const pid_t pid : server.workers()) ::kill(pid, SIGKILL);
  const Response next = post(server.port(), "/espresso", "y");
  CHECK(next.status == 200);
  CHECK(next.body == "y");
}

TEST_CASE("a busy worker that is killed from outside is a crash, told with its signal") {
  Server server(function("latte", menu("latte")));
  Response response;
  std::jthread client([&] { response = post(server.port(), "/latte", R"({"ms":2000})"); });
  REQUIRE(eventually([&] { return server.errors().find("| brewing") != std::string::npos; }));
  for (const pid_t pid : server.workers()) ::kill(pid, SIGKILL);
  client.join();
  CHECK(response.status == 502);
  CHECK(response.json()["detail"].get<std::string>().find("killed") != std::string::npos);
}

TEST_CASE("a zygote that is killed takes no worker with it, and the next cold start makes a new one") {
  Server server(function("receipt", menu("receipt"), "limit = 3") + function("latte", menu("latte")));
  const Response first = post(server.port(), "/receipt");
  REQUIRE(eventually([&] { return server.zygotes().size() == 2; }));
  const std::vector<pid_t> before = server.zygotes();
  for (const pid_t pid : before) ::kill(pid, SIGKILL);
  REQUIRE(eventually([&] { return alive(before).empty(); }));
  const Response second = post(server.port(), "/receipt");
  CHECK(second.json()["pid"] == first.json()["pid"]);
  CHECK(second.json()["start"] == "warm");
  const Response cold = post(server.port(), "/latte", R"({"ms":1})");
  CHECK(cold.status == 200);
  CHECK(cold.header("x-coffees-start") == "cold");
}

TEST_CASE("a zygote that leaves a child behind when it is killed is replaced all the same") {
  Server server(function("init_forks", fixture("init_forks"), "reuse = false"));
  REQUIRE(post(server.port(), "/init_forks").status == 200);
  const std::vector<pid_t> before = server.zygotes();
  for (const pid_t pid : before) ::kill(pid, SIGKILL);
  REQUIRE(eventually([&] { return alive(before).empty(); }));
  const Response next = post(server.port(), "/init_forks");
  CHECK(next.status == 200);
  CHECK(next.seconds < 5);
}

TEST_CASE("an init that is killed takes its function's workers with it, and is replaced") {
  Server server(function("receipt", menu("receipt")));
  post(server.port(), "/receipt");
  std::vector<pid_t> processes = server.descendants();
  for (const pid_t pid : processes) {
    bool is_worker = false;
    for (const pid_t worker : server.workers()) is_worker = is_worker || worker == pid;
    for (const pid_t zygote : server.zygotes()) is_worker = is_worker || zygote == pid;
    if (!is_worker) ::kill(pid, SIGKILL);
  }
  CHECK(eventually([&] { return alive(processes).empty(); }));
  const Response next = post(server.port(), "/receipt");
  CHECK(next.status == 200);
  CHECK(next.header("x-coffees-start") == "cold");
}

TEST_CASE("memory is limited, and running out of it is called that") {
  Server server(function("misbehave", fixture("misbehave"), "memory = \"64MiB\""));
  if (is_sanitized()) return;  // such a build needs all the memory there is, and says so itself
  REQUIRE(server.errors().find("memory limit         on") != std::string::npos);
  CHECK(post(server.port(), "/misbehave", R"({"do":"eat","mib":30})").status == 200);
  for (const char* what : {"eat", "eat_noexcept"}) {
    const Response response = misbehave(server, what);
    CHECK(response.status == 502);
    CHECK(response.json()["code"] == "out_of_memory");
    CHECK(response.json()["detail"].get<std::string>().find("64MiB") != std::string::npos);
  }
  CHECK(post(server.port(), "/misbehave", "{}").status == 200);
}

TEST_CASE("a client that leaves: the invocation is finished and the worker is used again") {
  Server server(function("latte", menu("latte"), "limit = 1"));
  {
    Client(server.port())
        .send("POST /latte HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{\"ms\":200}");
  }
  CHECK(eventually([&] { return server.errors().find("latte#1        cold 200") != std::string::npos; }));
  const Response next = post(server.port(), "/latte", R"({"ms":1})");
  CHECK(next.header("x-coffees-start") == "warm");
}

TEST_CASE("a client that leaves while its trial starts a worker leaves the breaker's next trial to others") {
  Server server(function("misbehave", fixture("misbehave"), "limit = 1\nenv = { WORKER_INIT_MS = \"300\" }"),
                {"--cancel-on-disconnect"});
  for (int i = 0; i < 5; ++i) REQUIRE(misbehave(server, "abort").status == 502);
  REQUIRE(post(server.port(), "/misbehave", "{}").json()["code"] == "crash_loop");
  // Those that the breaker refuses are answered at once. The trial has to wait for its worker.
  CHECK(eventually([&] {
    Client client(server.port());
    client.send(
        "POST /misbehave HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
    return !client.closed_by_server(100);
  }));
  CHECK(eventually([&] { return post(server.port(), "/misbehave", "{}").status == 200; }));
}

TEST_CASE("with --cancel-on-disconnect a client that leaves ends its invocation") {
  Server server(function("latte", menu("latte"), "limit = 1\ntimeout = \"60s\""), {"--cancel-on-disconnect"});
  {
    Client client(server.port());
    client.send("POST /latte HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n{\"ms\":30000}");
    REQUIRE(eventually([&] { return server.errors().find("| grinding") != std::string::npos; }));
  }
  CHECK(eventually([&] { return server.workers().empty() || server.level() != "full"; }));
  CHECK(post(server.port(), "/latte", R"({"ms":1})").status == 200);
}

TEST_CASE("a killed zygote, nonsense from a worker and a used up budget are one clear warning each") {
  const TemporaryDirectory folder;
  const std::string file = folder.path() + "/coffees.log";
  Server server("[server]\nmax_body = \"1MiB\"\nmemory_budget = \"4MiB\"\nlog_file = \"" + file + "\"\n" +
                    function("misbehave", fixture("misbehave")),
                {"--quiet", "--log-format", "json"});
  const auto says = [&server](const std::string& text) {
    return eventually([&] { return server.errors().find(text) != std::string::npos; });
  };
  CHECK(misbehave(server, "nothing").status == 200);
  for (const pid_t zygote : server.zygotes()) ::kill(zygote, SIGKILL);
  CHECK(says("the zygote of misbehave died: killed"));
  for (int i = 0; i < 4; ++i) misbehave(server, "garbage");
  CHECK(says(" sent a"));  // packet that cannot be read, or an unsolicited one
  // Three bodies that are not finished are all that it holds.
  std::deque<Client> slow;
  for (int i = 0; i < 5; ++i)
    slow.emplace_back(server.port())
        .send("POST /misbehave HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" +
              std::string(990'000, 'x'));
  CHECK(says("the memory budget is used up"));
  slow.clear();
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
  std::map<std::string, int> rooms;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) {
    const auto object = nlohmann::json::parse(line);
    CHECK(object["type"] == "diagnostic");
    ++rooms[object["room"].get<std::string>() + " " + object["level"].get<std::string>()];
  }
  CHECK(rooms["zygote warning"] == 1);
  CHECK(rooms["worker warning"] == 1);
  CHECK(rooms["http warning"] == 1);
  CHECK(rooms["server info"] >= 2);
}
