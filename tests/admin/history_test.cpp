#include "admin/history.h"

#include <atomic>
#include <thread>

#include "catch.h"

using namespace coffees;
using namespace coffees::admin;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

struct Scene {
  Loop loop;
  SystemClock clock;
  TimerQueue timers{loop.get_executor(), clock};
  events::EventLog log{timers, {"espresso", "latte"}, {.ring_words = 1 << 14, .chunks = 1}};

  void finish(const std::string& request, events::FunctionIndex function = 0, std::uint32_t worker = 1,
              Outcome::Kind kind = Outcome::Kind::ok, bool cold = false,
              milliseconds exec = milliseconds(1)) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.cold = cold;
    outcome.worker_number = worker;
    outcome.timing.exec = exec;
    log.invocation_finished(function, {.request_id = request}, outcome, SteadyClock::now());
  }
  std::size_t found(const HistoryFilter& filter) const { return invocations(log, filter).size(); }
};

}  // namespace

TEST_CASE("invocations are found by function, worker, request, outcome and start") {
  Scene scene;
  scene.finish("aaaa-1", 0, 1, Outcome::Kind::ok, true);
  scene.finish("aaaa-2", 0, 1);
  scene.finish("bbbb-1", 0, 11, Outcome::Kind::timeout);
  scene.finish("cccc-1", 1, 1);
  scene.finish("cccc-2", 1, 0, Outcome::Kind::throttled);
  CHECK(scene.found({}) == 5);
  CHECK(scene.found({.function = "latte"}) == 2);
  CHECK(scene.found({.worker = "espresso#1"}) == 2);  // and not espresso#11
  CHECK(scene.found({.request = "aaaa"}) == 2);
  CHECK(scene.found({.request = "aaaa-2"}) == 1);
  CHECK(scene.found({.outcome = "timeout"}) == 1);
  CHECK(scene.found({.start = "cold"}) == 1);
  CHECK(scene.found({.start = "warm"}) == 3);  // who got no worker started neither way
  CHECK(scene.found({.function = "latte", .outcome = "throttled"}) == 1);
  CHECK(scene.found({.function = "mocha"}) == 0);
  for (const char* nonsense :
       {"espresso", "espresso#", "espresso#1x", "#1", "mocha#1", "espresso#4294967297"})
    CHECK(scene.found({.worker = nonsense}) == 0);
}

TEST_CASE("the newest ones are kept, oldest first") {
  Scene scene;
  for (int i = 0; i < 10; ++i) scene.finish("request-" + std::to_string(i));
  const std::vector<std::string> last = invocations(scene.log, {.limit = 3});
  REQUIRE(last.size() == 3);
  CHECK(json::parse(last[0])["request_id"] == "request-7");
  CHECK(json::parse(last[2])["request_id"] == "request-9");
  CHECK(scene.found({.limit = 0}) == 0);
}

TEST_CASE("what is older than `since` is left out") {
  Scene scene;
  scene.finish("a");
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  CHECK(scene.found({.since = now - 60'000'000'000}) == 1);
  CHECK(scene.found({.since = now + 60'000'000'000}) == 0);
}

TEST_CASE("the logs of one request are its own lines only") {
  Scene scene;
  for (int i = 0; i < 20; ++i)
    scene.log.log(0, 1, i % 2 == 0 ? "even" : "odd", "line " + std::to_string(i), SteadyClock::now());
  scene.finish("even");
  std::uint64_t newest = 0;
  const std::vector<std::string> lines = logs(scene.log, {.request = "even"}, newest);
  REQUIRE(lines.size() == 10);
  for (std::size_t i = 0; i < lines.size(); ++i)
    CHECK(json::parse(lines[i])["line"] == "line " + std::to_string(2 * i));
  CHECK(newest == 21);
}

TEST_CASE("a stream that goes on behind a list neither repeats nor misses a line") {
  Scene scene;
  std::atomic<bool> done = false;
  std::thread busy([&] {
    while (!done) scene.log.log(0, 1, "id", "x", SteadyClock::now());
  });
  while (scene.log.newest() < 10'000) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) {
    std::uint64_t newest = 0;
    const std::vector<std::string> lines = logs(scene.log, {.limit = 1}, newest);
    REQUIRE_FALSE(lines.empty());
    const std::uint64_t last = json::parse(lines.back())["seq"];
    CHECK(last == newest);  // all events are lines here
  }
  done = true;
  busy.join();
}

TEST_CASE("everything of one request, and nothing for one that is not known") {
  Scene scene;
  scene.log.invocation_queued(0, {.request_id = "0123-a"}, SteadyClock::now());
  scene.log.invocation_started(0, 1, {.request_id = "0123-a"}, true, SteadyClock::now());
  scene.log.log(0, 1, "0123-a", "x", SteadyClock::now());
  scene.finish("0123-a");
  scene.log.log(0, 1, "", "between requests", SteadyClock::now());
  const auto found = events_of_request(scene.log, "0123-a");
  REQUIRE(found);
  REQUIRE(found->size() == 4);
  CHECK(json::parse(found->front())["type"] == "invocation.queued");
  CHECK(json::parse(found->back())["type"] == "invocation.finished");
  CHECK(events_of_request(scene.log, "0123")->size() == 4);
  CHECK_FALSE(events_of_request(scene.log, "0124"));
  CHECK_FALSE(events_of_request(scene.log, ""));
}

TEST_CASE("a whole id names its own request, also where it is the beginning of others") {
  Scene scene;
  scene.finish("once");
  scene.finish("on");
  scene.finish("only");
  const auto found = events_of_request(scene.log, "on");
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(json::parse(found->front())["request_id"] == "on");
  CHECK(is_whole_id(scene.log, "on"));
  CHECK_FALSE(is_whole_id(scene.log, "o"));
  CHECK_FALSE(is_whole_id(scene.log, ""));
}

TEST_CASE("the beginning of an id that several requests share names none of them") {
  Scene scene;
  scene.finish("0123-a");
  scene.finish("0123-b");
  CHECK_FALSE(events_of_request(scene.log, "0123"));
  CHECK(events_of_request(scene.log, "0123-b")->size() == 1);
}

TEST_CASE("percentiles are exact, and refusals do not count among the durations") {
  Scene scene;
  for (int i = 1; i <= 101; ++i) scene.finish("id", 0, 1, Outcome::Kind::ok, false, milliseconds(i));
  scene.finish("id", 0, 1, Outcome::Kind::ok, true, milliseconds(500));
  scene.finish("id", 0, 0, Outcome::Kind::throttled);
  scene.finish("id", 1, 1, Outcome::Kind::timeout);
  const json all = statistics(scene.log, {});
  REQUIRE(all.size() == 2);
  CHECK(all[0]["function"] == "espresso");
  CHECK(all[0]["outcomes"] == json{{"ok", 102}, {"throttled", 1}});
  CHECK(all[0]["warm"]["count"] == 101);
  CHECK(all[0]["warm"]["p50_ms"] == 51.0);
  CHECK(all[0]["warm"]["p90_ms"] == 91.0);
  CHECK(all[0]["warm"]["p99_ms"] == 100.0);
  CHECK(all[0]["warm"]["max_ms"] == 101.0);
  CHECK(all[0]["cold"]["count"] == 1);
  CHECK(all[0]["cold"]["p50_ms"] == 500.0);
  CHECK(statistics(scene.log, {.function = "latte"}).size() == 1);
}

TEST_CASE("what one function prints or does takes nobody else's past, nor its own statistics") {
  Loop loop;
  SystemClock clock;
  TimerQueue timers{loop.get_executor(), clock};
  events::EventLog log{timers, {"espresso", "latte", "noisy"}};
  const auto finish = [&log](events::FunctionIndex function, const std::string& request) {
    Outcome outcome;
    outcome.worker_number = 1;
    log.invocation_finished(function, {.request_id = request}, outcome, SteadyClock::now());
  };
  for (int i = 0; i < 50; ++i) {
    const std::string request = "quiet-" + std::to_string(i);
    finish(1, request);
    log.log(1, 1, request, "a line", SteadyClock::now());
    finish(2, "noisy-" + std::to_string(i));
  }
  for (int i = 0; i < 300'000; ++i) log.log(2, 1, "noisy-0", "", SteadyClock::now());
  for (int i = 0; i < 100'000; ++i) finish(0, "busy-" + std::to_string(i));
  CHECK(invocations(log, {.function = "latte"}).size() == 50);
  CHECK(invocations(log, {.function = "noisy"}).size() == 50);
  std::uint64_t newest = 0;
  CHECK(logs(log, {.function = "latte"}, newest).size() == 50);
  CHECK(newest == log.newest());
  REQUIRE(events_of_request(log, "quiet-7"));
  CHECK(events_of_request(log, "quiet-7")->size() == 2);
  CHECK(invocations(log, {.function = "espresso", .limit = 100'000}).size() > 10'000);
  const auto all = statistics(log, {});
  REQUIRE(all.size() == 3);
  CHECK(all[1]["function"] == "latte");
  CHECK(all[1]["warm"]["count"] == 50);
}

TEST_CASE("lists of several functions are in the order of events") {
  Scene scene;
  for (int i = 0; i < 10; ++i)
    scene.finish("request-" + std::to_string(i), static_cast<events::FunctionIndex>(i % 2));
  const std::vector<std::string> last = invocations(scene.log, {.limit = 4});
  REQUIRE(last.size() == 4);
  for (std::size_t i = 0; i < last.size(); ++i)
    CHECK(json::parse(last[i])["request_id"] == "request-" + std::to_string(6 + i));
}
