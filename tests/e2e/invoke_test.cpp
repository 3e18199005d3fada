// The way of one request, seen from outside: cold and warm starts, scaling, limits, bodies.
#include <deque>
#include <set>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;

TEST_CASE("the first answer is cold and says where the time went, the second is warm from the same worker") {
  Server server(function("espresso", menu("espresso")));
  const Response first = post(server.port(), "/espresso", R"({"drink":"espresso"})");
  CHECK(first.status == 200);
  CHECK(first.body == R"({"drink":"espresso"})");
  CHECK(first.header("x-coffees-start") == "cold");
  CHECK(first.timing("boot") > 0);
  CHECK(first.timing("init") >= 0);
  CHECK(first.timing("exec") > 0);
  CHECK(first.header("x-request-id").size() == 36);
  const Response second = post(server.port(), "/espresso", "{}");
  CHECK(second.header("x-coffees-start") == "warm");
  CHECK(second.timing("boot") == -1);
  CHECK(second.header("x-coffees-worker") == first.header("x-coffees-worker"));
  CHECK(second.header("x-request-id") != first.header("x-request-id"));
}

TEST_CASE(
    "start = fresh: each worker runs the handler's init, and the request that waited for it says how long") {
  Server server(function("init_slow", fixture("init_slow"), "start = \"fresh\"\nreuse = false"));
  for (int i = 0; i < 2; ++i) {
    const Response response = post(server.port(), "/init_slow");
    CHECK(response.json()["inits"] == 1);
    CHECK(response.timing("init") >= 50);
    CHECK(response.header("x-coffees-start") == "cold");
  }
}

TEST_CASE("start = zygote: init ran once, before anybody asked, and no request waits for it") {
  Server server(function("init_slow", fixture("init_slow"), "reuse = false\nmin_warm = 1"));
  REQUIRE(eventually([&] { return Client(server.port()).request("GET", "/readyz").status == 200; }));
  for (int i = 0; i < 3; ++i) {
    const Response response = post(server.port(), "/init_slow");
    CHECK(response.json()["inits"] == 1);
    CHECK(response.timing("init") <= 0);
  }
}

TEST_CASE("parallel requests get a worker each, and idle workers float away after keep_warm") {
  Server server(function("latte", menu("latte"), "limit = 20\nkeep_warm = \"500ms\""));
  const auto responses = post_in_parallel(server.port(), "/latte", R"({"ms":1000})", 20);
  CHECK(count_status(responses, 200) == 20);
  std::set<std::string> workers;
  for (const Response& response : responses) workers.insert(response.header("x-coffees-worker"));
  CHECK(workers.size() == 20);
  CHECK(eventually([&] { return server.workers().empty(); }));
}

TEST_CASE("beyond limit and queue requests are refused with 429 and Retry-After") {
  Server server(function("latte", menu("latte"), "limit = 5\nqueue = 0"));
  const auto responses = post_in_parallel(server.port(), "/latte", R"({"ms":1000})", 20);
  CHECK(count_status(responses, 200) == 5);
  CHECK(count_status(responses, 429) == 15);
  for (const Response& response : responses)
    if (response.status == 429) {
      CHECK(std::stoi(response.header("retry-after")) >= 1);
      CHECK(response.json()["code"] == "throttled");
    }
}

TEST_CASE("with a queue all are served by no more workers than the limit") {
  Server server(function("latte", menu("latte"), "limit = 5\nqueue = 20\nqueue_timeout = \"30s\""));
  const auto responses = post_in_parallel(server.port(), "/latte", R"({"ms":100})", 20);
  CHECK(count_status(responses, 200) == 20);
  std::set<std::string> workers;
  for (const Response& response : responses) workers.insert(response.header("x-coffees-worker"));
  CHECK(workers.size() <= 5);
  CHECK(server.workers().size() <= 5);
}

TEST_CASE("a request that waits longer than queue_timeout is refused") {
  Server server(function("latte", menu("latte"), "limit = 1\nqueue = 5\nqueue_timeout = \"100ms\""));
  const auto responses = post_in_parallel(server.port(), "/latte", R"({"ms":1000})", 2);
  CHECK(count_status(responses, 200) == 1);
  CHECK(count_status(responses, 429) == 1);
}

TEST_CASE("bodies of every size up to the limit come back as they went, and one byte more is 413") {
  Server server(function("espresso", menu("espresso")));
  std::string bytes(6 << 20, '\0');
  std::uint64_t seed = 2633;
  for (char& byte : bytes) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<char>(seed >> 56);
  }
  Client client(server.port());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16'384}, std::size_t{131'000},
                                 std::size_t{131'072}, std::size_t{1'000'001}, bytes.size()}) {
    const Response response = client.request("POST", "/espresso", bytes.substr(0, size));
    CHECK(response.status == 200);
    CHECK((response.body == bytes.substr(0, size)));
  }
  const Response too_large = post(server.port(), "/espresso", bytes + "x");
  CHECK(too_large.status == 413);
  CHECK(post(server.port(), "/espresso", "fine").status == 200);
}

TEST_CASE("an answer that is too large is refused with both sizes") {
  Server server("[server]\nmax_body = \"1MiB\"\n" + function("misbehave", fixture("misbehave")));
  CHECK(post(server.port(), "/misbehave", R"({"do":"large","size":1048576})").status == 200);
  const Response response = post(server.port(), "/misbehave", R"({"do":"large","size":1048577})");
  CHECK(response.status == 502);
  CHECK(response.json()["code"] == "response_too_large");
  CHECK(response.body.find("1048577") != std::string::npos);
}

TEST_CASE("a handler sets its own status and header fields, and cannot split the answer") {
  Server server(function("misbehave", fixture("misbehave")));
  CHECK(post(server.port(), "/misbehave", R"({"do":"status","status":418})").status == 418);
  CHECK(post(server.port(), "/misbehave", R"({"do":"header","name":"X-Bean","value":"robusta"})")
            .header("x-bean") == "robusta");
  const Response split = post(server.port(), "/misbehave", R"({"do":"header","value":"a\r\nX-Evil: 1"})");
  CHECK(split.status == 500);
  CHECK(split.header("x-evil").empty());
}

TEST_CASE("an unknown function is 404 and names the likely one") {
  Server server(function("espresso", menu("espresso")));
  const Response response = post(server.port(), "/expresso");
  CHECK(response.status == 404);
  CHECK(response.json()["hint"].get<std::string>().find("did you mean 'espresso'?") != std::string::npos);
}

TEST_CASE("the menu does what it says") {
  Server server(function("latte", menu("latte")) + function("pi", menu("pi")) +
                function("receipt", menu("receipt")));
  CHECK(post(server.port(), "/pi", R"({"digits":20})").body == "3.1415926535897932384\n");
  CHECK(post(server.port(), "/pi", R"({"digits":0})").status == 500);
  const Response latte = post(server.port(), "/latte", R"({"grind_ms":5,"brew_ms":0,"embellish_ms":1})");
  CHECK(latte.json()["ms"] == 6.0);
  const Response first = post(server.port(), "/receipt");
  const Response second = post(server.port(), "/receipt");
  CHECK(first.json()["start"] == "cold");
  CHECK(first.json()["served_before"] == 0);
  CHECK(second.json()["start"] == "warm");
  CHECK(second.json()["served_before"] == 1);
  CHECK(second.json()["worker"] == "receipt#1");
  CHECK_FALSE(server.workers().empty());
  bool found = false;
  for (const pid_t pid : server.workers()) found = found || pid == second.json()["pid"].get<int>();
  CHECK((found || server.level() != "full"));
  CHECK(eventually(
      [&] { return server.errors().find("latte#1        | brewing for 0 ms") != std::string::npos; }));
}

TEST_CASE("what a handler prints and logs reaches the console, terminal codes made harmless") {
  Server server(function("misbehave", fixture("misbehave")));
  CHECK(post(server.port(), "/misbehave", R"({"do":"print","text":"beans \u001b[31m red"})").status == 200);
  CHECK(eventually([&] {
    return server.errors().find("misbehave#1    | printed beans \\x1b[31m red") != std::string::npos;
  }));
  CHECK(server.errors().find("misbehave#1    | logged beans \\x1b[31m red") != std::string::npos);
}

TEST_CASE("a flood of log lines is cut, said so, and does not stop the invocation") {
  Server server(function("misbehave", fixture("misbehave"), "timeout = \"30s\""));
  CHECK(post(server.port(), "/misbehave", R"({"do":"flood","lines":5000})").status == 200);
  CHECK(eventually([&] {
    return server.errors().find("misbehave#1    * more than 1 MiB of output in one invocation") !=
           std::string::npos;
  }));
  CHECK(post(server.port(), "/misbehave", "{}").status == 200);
}

TEST_CASE("a library that starts threads is not forked but loaded by each worker") {
  Server server(function("threads", fixture("threads"), "reuse = false"));
  for (int i = 0; i < 2; ++i) CHECK(post(server.port(), "/threads").json()["alive"] == true);
}

TEST_CASE("an answer beyond the memory budget is lost with 503, and its worker serves on") {
  // Large ones may use three quarters of it: not three answers of 4 MiB.
  Server server("[server]\nmax_body = \"4MiB\"\nmemory_budget = \"16MiB\"\n" +
                function("misbehave", fixture("misbehave")));
  const std::string large = R"({"do":"large","size":4194304})";
  std::deque<Client> lazy;
  int lost = 0;
  // The kernel's buffers take the first ones of those that nobody reads.
  for (int i = 0; i < 12 && lost == 0; ++i) {
    lazy.emplace_back(server.port());
    lazy.back().send("POST /misbehave HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                     std::to_string(large.size()) + "\r\n\r\n" + large);
    const Response next = post(server.port(), "/misbehave", large);
    if (next.status == 200) continue;
    ++lost;
    CHECK(next.status == 503);
    CHECK(next.json()["code"] == "over_budget");
    CHECK(next.header("retry-after") == "1");
  }
  CHECK(lost == 1);
  const Response small = post(server.port(), "/misbehave", R"({"do":"status","status":202})");
  CHECK(small.status == 202);
  CHECK(small.header("x-coffees-start") == "warm");
  lazy.clear();
  CHECK(post(server.port(), "/misbehave", large).status == 200);
}
