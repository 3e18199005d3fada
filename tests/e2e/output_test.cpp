// What handlers print is there when it is needed, under the request that printed it; and how workers died.
#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <sstream>
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/program_under_test.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

// A sanitizer makes every start several times as long.
std::size_t request_count() { return is_sanitized() ? 200 : 1000; }

// All lines that the server's workers have printed so far.
std::vector<json> all_logs(const Server& server) {
  const CommandResult result = run_coffees({"logs", "-n", "10000", "--json", "--server", server.url()});
  std::istringstream text(result.out);
  std::vector<json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

// The lines of one request, once there are as many as expected.
std::vector<std::string> lines_of(const Server& server, const std::string& request, std::size_t expected) {
  std::vector<std::string> lines;
  eventually([&] {
    const json answer = get(server.admin_port(), "/api/v1/invocations/" + request + "/logs").json();
    lines.clear();
    for (const json& entry : answer.value("logs", json::array()))
      if (entry["source"] == "handler") lines.push_back(entry["line"]);
    return lines.size() >= expected;
  });
  return lines;
}

Response print(const Server& server, const json& order) {
  return post(server.port(), "/printer", order.dump());
}

const std::vector<std::string> kWays{"printf", "puts", "write", "cout",  "clog",
                                     "stderr", "log",  "child", "thread"};

}  // namespace

TEST_CASE(
    "what was printed before a death is there, in order, under its request, whatever it was printed with") {
  Server server(function("printer", fixture("printer"), "timeout = \"400ms\""));
  for (const bool unsynchronised : {false, true})
    for (const char* end : {"null", "abort", "_exit", "exit", "terminate", "spin", "throw", "answer"}) {
      const Response response =
          print(server, {{"ways", kWays}, {"end", end}, {"id", "x"}, {"unsynchronised", unsynchronised}});
      INFO(end << " " << response.status << " " << response.body);
      const std::vector<std::string> lines = lines_of(server, response.header("x-request-id"), kWays.size());
      REQUIRE(lines.size() == kWays.size());
      CHECK(print(server, json::object()).status == 200);  // else the breaker would open
      for (std::size_t i = 0; i < kWays.size(); ++i)
        CHECK(lines[i] == "x " + kWays[i] + " " + std::to_string(i));
    }
}

TEST_CASE("half a line that was printed before a crash or a timeout is there, too") {
  Server server(function("printer", fixture("printer"), "timeout = \"300ms\""));
  for (const char* end : {"null", "abort", "terminate", "spin", "answer"}) {
    const Response response = print(server, {{"ways", {"printf", "half"}}, {"end", end}, {"id", "x"}});
    INFO(end);
    const std::vector<std::string> lines = lines_of(server, response.header("x-request-id"), 2);
    CHECK(lines == std::vector<std::string>{"x printf 0", "x half 1;"});
  }
}

TEST_CASE("what a C++ stream holds is never filed under a later request") {
  Server server(function("printer", fixture("printer"), "limit = 1"));
  const std::vector<std::string> ways{"cout", "wcout", "clog", "half"};
  std::vector<std::string> requests;
  for (int i = 0; i < 5; ++i)
    requests.push_back(print(server, {{"ways", ways}, {"unsynchronised", true}, {"id", std::to_string(i)}})
                           .header("x-request-id"));
  for (int i = 0; i < 5; ++i) {
    const std::vector<std::string> lines = lines_of(server, requests[static_cast<std::size_t>(i)], 4);
    REQUIRE(lines.size() == 4);
    for (const std::string& line : lines) CHECK(line.starts_with(std::to_string(i) + " "));
  }
}

TEST_CASE("what a thread prints after the answer belongs to the worker and to no request") {
  Server server(function("printer", fixture("printer"), "limit = 1"));
  const Response first = print(server, {{"ways", {"printf"}}, {"later_ms", 50}, {"id", "one"}});
  json late;
  REQUIRE(eventually([&] {
    for (const json& entry : all_logs(server))
      if (entry["line"] == "one later") late = entry;
    return !late.is_null();
  }));
  CHECK_FALSE(late.contains("request_id"));
  CHECK(late["worker"] == first.header("x-coffees-worker"));
  const Response second = print(server, {{"ways", {"printf"}}, {"id", "two"}});
  CHECK(lines_of(server, second.header("x-request-id"), 1) == std::vector<std::string>{"two printf 0"});
  CHECK(lines_of(server, first.header("x-request-id"), 1) == std::vector<std::string>{"one printf 0"});
}

TEST_CASE(
    "every line of a thousand requests that print in five ways and answer, crash or time out is there once",
    "[load]") {
  Server server(function("printer", fixture("printer"), "timeout = \"1s\""));
  const std::vector<std::string> ways{"printf", "write", "cout", "child", "thread"};
  // More answers than crashes: the breaker opens after five crashes in a row.
  const std::vector<std::string> ends{"answer", "answer", "answer", "throw", "null", "abort", "spin"};
  std::mutex mutex;
  std::map<std::string, std::string> name_of;  // by request id
  std::atomic<std::size_t> next{0};
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 16; ++i)
      clients.emplace_back([&] {
        std::mt19937 chance(static_cast<unsigned>(std::hash<std::thread::id>()(std::this_thread::get_id())));
        for (std::size_t number = next++; number < request_count(); number = next++) {
          const std::string name = "r" + std::to_string(number);
          const json what{{"ways", ways}, {"id", name}, {"end", ends[chance() % ends.size()]}};
          Response response = print(server, what);
          // Five crashes in a row by chance: the breaker asks for a pause, and nothing has run.
          while (response.json().value("code", "") == "crash_loop") {
            sleep_ms(50);
            response = print(server, what);
          }
          const std::lock_guard lock(mutex);
          name_of[response.header("x-request-id")] = name;
        }
      });
  }
  REQUIRE(name_of.size() == request_count());
  std::map<std::string, std::vector<std::string>> lines;
  // They are written beside the requests' path.
  for (const auto& [request, name] : name_of) lines_of(server, request, ways.size());
  for (const json& entry : all_logs(server)) lines[entry.value("request_id", "")].push_back(entry["line"]);
  CHECK(lines.size() == request_count());
  for (const auto& [request, name] : name_of) {
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < ways.size(); ++i)
      expected.push_back(name + " " + ways[i] + " " + std::to_string(i));
    CHECK(lines[request] == expected);
  }
}

TEST_CASE("a line that is too long is cut, and the log says so") {
  Server server(function("talker", fixture("talker")));
  const std::string id =
      post(server.port(), "/talker", json{{"raw", std::string(20'000, 'x') + "\nshort\n"}}.dump())
          .header("x-request-id");
  REQUIRE(lines_of(server, id, 2).size() == 2);
  CHECK(lines_of(server, id, 2)[0].size() == 16 * 1024);
  bool said = false;
  for (const json& entry : all_logs(server))
    said = said || (entry["source"] == "runtime" && entry["request_id"] == id &&
                    entry["line"].get<std::string>().find("cut") != std::string::npos);
  CHECK(said);
}

TEST_CASE("a worker that dies while it is idle is told with its signal") {
  Server server(function("printer", fixture("printer")));
  EventStream events(server.admin_port());
  const Response answer = print(server, {{"die_later_ms", 20}});
  CHECK(answer.status == 200);
  const json stopped =
      events.until([](const ServerEvent& event) { return event.data["type"] == "worker.stopped"; })
          .back()
          .data;
  CHECK(stopped["reason"] == "crash");
  CHECK(stopped["exit"] == "died: terminated");
  CHECK(stopped["while"] == "idle");
  CHECK(eventually(
      [&] { return server.errors().find("died: terminated while idle, served 1") != std::string::npos; }));
  CHECK(print(server, json::object()).header("x-coffees-start") == "cold");
}

TEST_CASE("a crash names the address, the library and the nearest exported symbol") {
  Server server(function("printer", fixture("printer")) + function("misbehave", fixture("misbehave")));
  const json crash = print(server, {{"end", "null"}}).json();
  const std::string detail = crash["detail"];
  INFO(detail);
  CHECK(detail.find("segmentation fault at address 0x0, in printer.so+0x") != std::string::npos);
  CHECK(detail.find("nearest exported symbol: ") != std::string::npos);
  const std::string overflow = post(server.port(), "/misbehave", R"({"do":"overflow"})").json()["detail"];
  INFO(overflow);
  CHECK(overflow.find("in misbehave.so+0x") != std::string::npos);
  const std::string call = post(server.port(), "/misbehave", R"({"do":"call_null"})").json()["detail"];
  INFO(call);
  CHECK(call.find("in no library, called from misbehave.so+0x") != std::string::npos);
}
