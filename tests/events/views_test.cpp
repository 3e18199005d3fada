// What becomes of events: JSON, text, the console.
#include <fcntl.h>
#include <unistd.h>
#include <atomic>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/text.h"
#include "catch.h"
#include "events/console_view.h"
#include "events/event_reader.h"

using namespace coffees;
using namespace coffees::events;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

const std::vector<std::string> kFunctions{"espresso", "latte"};

// A log, and what is in it as JSON and as text.
struct ViewedLog {
  Loop loop;
  SystemClock clock;
  TimerQueue timers{loop.get_executor(), clock};
  EventLog log{timers, kFunctions, {.ring_words = 1 << 18, .chunks = 1}};
  Invocation call{.function = "espresso", .request_id = "the-id", .method = "POST", .query = "token=secret"};

  template <typename Each>
  void for_each(Each&& each) {
    EventReader reader(log, 0);
    while (reader.read(each, [](std::uint64_t, std::uint64_t) {})) {
    }
  }
  json newest() {
    std::string last;
    EventJson writer(log.functions());
    for_each([&](const Event& event) {
      last.clear();
      writer.append(last, event);
    });
    return json::parse(last);
  }
  std::string newest_line(TextStyle style = {}) {
    std::string last;
    const EventText text(log.functions(), style);
    for_each([&](const Event& event) { last = text.line(event); });
    return last.empty() ? last : last.substr(14);  // without the time of day
  }
  void line(std::string_view text) { log.log(0, 1, "id", text, SteadyClock::now()); }
  void finish(Outcome outcome, std::uint32_t worker = 1) {
    outcome.worker_number = worker;
    log.invocation_finished(0, call, outcome, SteadyClock::now());
  }
};

// A pipe that a Console writes into.
struct Terminal {
  Terminal() {
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("pipe2");
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::vector<std::string> lines() const {
    std::string all;
    std::array<char, 65536> bytes{};
    for (ssize_t count = 0; (count = ::read(ends[0], bytes.data(), bytes.size())) > 0;)
      all.append(bytes.data(), static_cast<std::size_t>(count));
    std::vector<std::string> found;
    std::istringstream in(all);
    for (std::string line; std::getline(in, line);) found.push_back(line);
    return found;
  }
  std::array<int, 2> ends{};
};

// What a console shows of the events that are in the log now.
std::vector<std::string> shown(ViewedLog& viewed, ConsoleView::Format format) {
  Terminal terminal;
  Console console(terminal.ends[1]);
  ConsoleView view(viewed.log, console, format, {});
  std::vector<std::string> all;
  const auto take = [&] {
    console.flush();
    const std::vector<std::string> now = terminal.lines();
    all.insert(all.end(), now.begin(), now.end());
  };
  viewed.for_each([&](const Event& event) {
    view.event(event);
    take();
  });
  // A second later: the summary is due.
  Event later;
  later.header.type = Type::stats;
  later.header.time = std::chrono::duration_cast<std::chrono::nanoseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count() +
                      2'000'000'000;
  view.event(later);
  take();
  return all;
}

}  // namespace

TEST_CASE("each JSON event names its version, number, time, type and whom it is about") {
  ViewedLog viewed;
  viewed.log.worker_ready(1, 3, {.pid = 42, .boot = 1'500'000, .init = 2'000'000}, SteadyClock::now());
  const json event = viewed.newest();
  CHECK(event["v"] == 1);
  CHECK(event["seq"] == 1);
  CHECK(event["type"] == "worker.ready");
  CHECK(event["function"] == "latte");
  CHECK(event["worker"] == "latte#3");
  CHECK(event["pid"] == 42);
  CHECK(event["boot_ms"] == 1.5);
  CHECK(event["init_ms"] == 2.0);
  const std::string time = event["time"];
  CHECK(time.size() == 27);
  CHECK(time.substr(10, 1) == "T");
  CHECK(time.back() == 'Z');
}

TEST_CASE("a JSON time is RFC 3339 in UTC, with microseconds") {
  EventJson writer(kFunctions);
  CHECK(writer.time(0) == "1970-01-01T00:00:00.000000Z");
  CHECK(writer.time(1'769'860'800'123'456'789) == "2026-01-31T12:00:00.123456Z");
  CHECK(writer.time(1'769'860'800'000'000'999) == "2026-01-31T12:00:00.000000Z");
}

TEST_CASE("a finished invocation says outcome, code, status and where its time went") {
  ViewedLog viewed;
  Outcome outcome = Outcome::failure(Outcome::Kind::handler_error, "the last bean is gone");
  outcome.type = "OutOfBeans";
  outcome.cold = true;
  outcome.timing = {
      .queue = milliseconds(1), .boot = milliseconds(2), .init = milliseconds(3), .exec = milliseconds(4)};
  outcome.usage = {.cpu = milliseconds(5), .peak_rss = 4096};
  viewed.finish(std::move(outcome));
  const json event = viewed.newest();
  CHECK(event["outcome"] == "error");
  CHECK(event["code"] == "handler_error");
  CHECK(event["status"] == 500);
  CHECK(event["start"] == "cold");
  CHECK(event["total_ms"] == 10.0);
  CHECK(event["cpu_ms"] == 5.0);
  CHECK(event["peak_rss_bytes"] == 4096);
  CHECK(event["error_type"] == "OutOfBeans");
  CHECK(event["message"] == "the last bean is gone");
  CHECK(event["request_id"] == "the-id");
}

TEST_CASE("a line and a JSON event name method and path, never the query") {
  ViewedLog viewed;
  viewed.finish({});
  CHECK(viewed.newest_line().starts_with("espresso#1     warm 200  POST /espresso  0.0ms  "));
  json event = viewed.newest();
  CHECK(event["method"] == "POST");
  CHECK(event["path"] == "/espresso");
  CHECK_FALSE(event.contains("path_bytes"));
  CHECK(event.dump().find("secret") == std::string::npos);
  const std::string path = "/" + std::string(600, 'x');
  viewed.call.path = path;
  viewed.call.given_request_id = "wanted";
  viewed.finish({});
  event = viewed.newest();
  CHECK(event["path"].get<std::string>().size() == kLongestPath);
  CHECK(event["path_bytes"] == 610);
  CHECK(event["given_request_id"] == "wanted");
  CHECK(viewed.newest_line().find("xxx... (610 bytes)  0.0ms") != std::string::npos);
  CHECK(viewed.newest_line().ends_with("  the-id (given wanted)"));
}

TEST_CASE("a refused request makes a line and an event, whatever bytes its client has sent") {
  ViewedLog viewed;
  viewed.log.request_refused(RefusalCode::body_too_large, "the-id", {.method = "PUT", .path = "/espresso"},
                             SteadyClock::now());
  CHECK(viewed.newest_line() == "-              refused 413  PUT /espresso  body_too_large  the-id");
  json event = viewed.newest();
  CHECK(event["type"] == "request.refused");
  CHECK(event["status"] == 413);
  CHECK(event["code"] == "body_too_large");
  CHECK(event["method"] == "PUT");
  CHECK(event["path"] == "/espresso");
  CHECK(event["request_id"] == "the-id");
  viewed.log.request_refused(RefusalCode::bad_request, "the-id", {.method = "GET", .path = "/\x1b[2J\n\xff"},
                             SteadyClock::now());
  CHECK(viewed.newest_line().find("GET /\\x1b[2J\\x0a\\xff  bad_request") != std::string::npos);
  CHECK(viewed.newest()["path"].get<std::string>().starts_with("/\x1b[2J\n"));
  viewed.log.request_refused(RefusalCode::unavailable, "the-id", {}, SteadyClock::now());
  CHECK(viewed.newest_line() == "-              refused 503  - -  unavailable  the-id");
  CHECK_FALSE(viewed.newest().contains("method"));
}

TEST_CASE("what never reached a worker has no start and no times") {
  ViewedLog viewed;
  viewed.finish(Outcome::failure(Outcome::Kind::throttled, "full"), 0);
  const json event = viewed.newest();
  CHECK_FALSE(event.contains("worker"));
  CHECK_FALSE(event.contains("start"));
  CHECK_FALSE(event.contains("exec_ms"));
  CHECK(event["status"] == 429);
}

TEST_CASE("every kind of outcome has its own code, and its class and status") {
  ViewedLog viewed;
  std::set<std::string> codes;
  for (std::size_t kind = 0; kind < kOutcomeKinds; ++kind) {
    viewed.finish(Outcome::failure(static_cast<Outcome::Kind>(kind), "why"));
    const json event = viewed.newest();
    if (kind > 0) codes.insert(event["code"].get<std::string>());
    CHECK(event["outcome"] != "?");
    CHECK(event["status"] >= 200);
  }
  CHECK(codes.size() == kOutcomeKinds - 1);
}

TEST_CASE("any bytes that a handler prints make valid JSON, on one line") {
  ViewedLog viewed;
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& text :
       {all, std::string("\"}\n{\"type\":\"forged\""), std::string("\\"), std::string("\xff\xfe"),
        std::string("caf\xc3\xa9"), std::string("\xe2\x80\xa8")}) {
    viewed.line(text);
    std::string out;
    EventJson writer(viewed.log.functions());
    viewed.for_each([&](const Event& event) {
      out.clear();
      writer.append(out, event);
    });
    CHECK(out.find('\n') == std::string::npos);
    const json event = json::parse(out);
    CHECK(event["type"] == "log");
    CHECK(event["source"] == "handler");
  }
  viewed.line("caf\xc3\xa9 \"x\"");
  CHECK(viewed.newest()["line"] == "caf\xc3\xa9 \"x\"");
}

TEST_CASE("what the runtime says is told apart from what a handler prints") {
  ViewedLog viewed;
  viewed.log.note(0, 1, "id", "dropped", SteadyClock::now());
  CHECK(viewed.newest()["source"] == "runtime");
  CHECK(viewed.newest_line() == "espresso#1     * dropped");
  viewed.line("* dropped");
  CHECK(viewed.newest_line() == "espresso#1     | * dropped");
}

TEST_CASE("the text of a handler stays on its line and speaks to no terminal") {
  ViewedLog viewed;
  viewed.line("x\n12:00:00.000  latte#9        | forged");
  CHECK(viewed.newest_line() == "espresso#1     | x\\x0a12:00:00.000  latte#9        | forged");
}

TEST_CASE("an error's message is made harmless, too, colour or not") {
  ViewedLog viewed;
  Outcome outcome = Outcome::failure(Outcome::Kind::handler_error, "\x1b[2J\nforged");
  outcome.type = "T\x1b";
  viewed.finish(std::move(outcome));
  CHECK(viewed.newest_line().find("handler_error: T\\x1b: \\x1b[2J\\x0aforged") != std::string::npos);
  const std::string coloured = viewed.newest_line({.colour = true});
  CHECK(coloured.find("\x1b[33mhandler_error\x1b[0m") != std::string::npos);
  CHECK(coloured.find("\x1b[2J") == std::string::npos);
}

TEST_CASE("busy, idle and starting workers make no lines, one that has retired makes one") {
  ViewedLog viewed;
  const TimePoint now = SteadyClock::now();
  viewed.log.worker_starting(0, 1, false, now);
  CHECK(viewed.newest_line().empty());
  viewed.log.worker_idle(0, 1, milliseconds(1), now);
  CHECK(viewed.newest_line().empty());
  viewed.log.worker_stopped(0, 1, StopReason::idle, {.served = 5}, {}, now);
  CHECK(viewed.newest_line() == "espresso#1     retired (idle), served 5");
  viewed.log.worker_stopped(0, 1, StopReason::crash, {.served = 5}, {}, now);
  CHECK(viewed.newest_line().empty());
}

TEST_CASE("the console shows a line per invocation, up to a hundred a second, and then one that sums up") {
  ViewedLog viewed;
  // All within one second of the wall clock, or the test would see two summaries.
  const TimePoint now = SteadyClock::now();
  const auto into_second = std::chrono::system_clock::now().time_since_epoch() % std::chrono::seconds(1);
  const TimePoint then = now - into_second + milliseconds(500);
  for (int i = 0; i < 250; ++i) {
    Outcome outcome;
    outcome.worker_number = 1;
    outcome.cold = i == 0;
    if (i == 249) {
      outcome.kind = Outcome::Kind::timeout;
      outcome.timing.exec = std::chrono::seconds(3);
    }
    viewed.log.invocation_finished(0, viewed.call, outcome, then);
  }
  const std::vector<std::string> text = shown(viewed, ConsoleView::Format::text);
  REQUIRE(text.size() == 101);
  CHECK(text.back().find("... 250 invocations in this second (249 ok, 1 cold, longest 3000.0ms)") !=
        std::string::npos);
  const std::vector<std::string> lines = shown(viewed, ConsoleView::Format::json);
  REQUIRE(lines.size() == 101);
  for (const std::string& line : lines) CHECK(json::accept(line));
  const json summary = json::parse(lines.back());
  CHECK(summary["type"] == "summary");
  CHECK(summary["invocations"] == 250);
  CHECK(summary["ok"] == 249);
  CHECK(summary["not_shown"] == 150);
}

TEST_CASE("a hundred invocations in a second need no summary") {
  ViewedLog viewed;
  const TimePoint now = SteadyClock::now();
  for (int i = 0; i < 100; ++i) viewed.log.invocation_finished(0, viewed.call, {}, now);
  CHECK(shown(viewed, ConsoleView::Format::text).size() == 100);
}

TEST_CASE("a flood of log lines is summed up as well, without hiding what the runtime says of it") {
  ViewedLog viewed;
  const TimePoint now = SteadyClock::now();
  for (int i = 0; i < 500; ++i) viewed.log.log(0, 1, "id", "drip", now);
  viewed.log.note(0, 1, "id", "too much", now);
  const std::vector<std::string> lines = shown(viewed, ConsoleView::Format::text);
  REQUIRE(lines.size() == 102);
  CHECK(lines[100].find("* too much") != std::string::npos);
  CHECK(lines[101].find("400 log lines not shown here") != std::string::npos);
}

TEST_CASE("a console whose reader has stopped drops lines, and says how many when it reads again") {
  Terminal terminal;
  Console console(terminal.ends[1]);
  const std::string kilobyte(1023, 'x');
  for (int i = 0; i < 1000; ++i) {
    console.line(kilobyte);
    console.flush();
  }
  std::vector<std::string> all;
  for (int i = 0; i < 100; ++i) {
    console.flush();
    const std::vector<std::string> now = terminal.lines();
    all.insert(all.end(), now.begin(), now.end());
  }
  CHECK(all.size() < 1000);
  CHECK(all.back().find("lines were not written because the console was not read)") != std::string::npos);
}

TEST_CASE("a breaker's state is told with the last cause, unless it is closed") {
  ViewedLog viewed;
  viewed.log.function_breaker(0, BreakerState::open, "died: aborted\n", SteadyClock::now());
  CHECK(viewed.newest()["type"] == "function.breaker");
  CHECK(viewed.newest()["state"] == "open");
  CHECK(viewed.newest()["cause"] == "died: aborted\n");
  CHECK(viewed.newest_line().find(
            "breaker open: its workers keep dying; the last cause: died: aborted\\x0a") != std::string::npos);
  viewed.log.function_breaker(0, BreakerState::half_open, "died: aborted", SteadyClock::now());
  CHECK(viewed.newest()["state"] == "half_open");
  CHECK(viewed.newest_line().empty());
  viewed.log.function_breaker(0, BreakerState::closed, "died: aborted", SteadyClock::now());
  CHECK(viewed.newest()["state"] == "closed");
  CHECK_FALSE(viewed.newest().contains("cause"));
  CHECK(viewed.newest_line().find("serves again") != std::string::npos);
}
