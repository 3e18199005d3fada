#include "events/event_log.h"

#include <atomic>
#include <thread>

#include "catch.h"
#include "events/event_reader.h"
#include "events/follower.h"

using namespace coffees;
using namespace coffees::events;
using std::chrono::milliseconds;

namespace {

const Invocation kCall{.function = "espresso",
                       .request_id = "an-id",
                       .method = "POST",
                       .path = "/cups",
                       .query = "token=secret"};

// A log of two functions, on a loop that is run by hand.
struct Scene {
  explicit Scene(std::size_t words = 1 << 14)
      : log(timers, {"espresso", "latte"}, {.ring_words = words, .chunks = 1}) {}
  void run_for(milliseconds time) {
    loop.restart();
    loop.run_for(time);
  }
  void finish(Outcome::Kind kind, bool cold = false, std::uint32_t worker = 1) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.cold = cold;
    outcome.worker_number = worker;
    outcome.type = "Broken";
    outcome.message = "of a test";
    log.invocation_finished(0, kCall, outcome, SteadyClock::now());
  }

  Loop loop;
  SystemClock clock;
  TimerQueue timers{loop.get_executor(), clock};
  EventLog log;
};

struct Seen {
  std::vector<std::uint64_t> numbers;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> dropped;
};

Seen read_all(EventReader& reader) {
  Seen seen;
  while (reader.read(
      [&](const Event& event) { seen.numbers.push_back(event.header.sequence); },
      [&](std::uint64_t first, std::uint64_t count) { seen.dropped.emplace_back(first, count); }, 64)) {
  }
  return seen;
}

}  // namespace

TEST_CASE("events are numbered from one, without a gap, whatever they are") {
  Scene scene;
  const TimePoint now = SteadyClock::now();
  scene.log.function_loaded(0, milliseconds(3), now);
  scene.log.function_failed(1, "why", now);
  scene.log.worker_starting(0, 1, false, now);
  scene.log.worker_ready(0, 1, {.pid = 7}, now);
  scene.log.worker_busy(0, 1, "id", milliseconds(0), now);
  scene.log.invocation_queued(0, kCall, now);
  scene.log.invocation_started(0, 1, kCall, true, now);
  scene.log.log(0, 1, "id", "a line", now);
  scene.log.note(0, 1, "id", "a note", now);
  scene.finish(Outcome::Kind::ok);
  EventReader reader(scene.log, 0);
  const Seen seen = read_all(reader);
  REQUIRE(seen.numbers.size() == 10);
  for (std::size_t i = 0; i < seen.numbers.size(); ++i) CHECK(seen.numbers[i] == i + 1);
  CHECK(seen.dropped.empty());
  CHECK(scene.log.newest() == 10);
}

TEST_CASE("an event comes back as it was told, with the request that it belongs to") {
  Scene scene;
  scene.log.log(1, 3, "0123-id", "what was said", SteadyClock::now());
  scene.finish(Outcome::Kind::handler_error);
  EventReader reader(scene.log, 0);
  std::vector<Type> types;
  reader.read(
      [&](const Event& event) {
        types.push_back(event.header.type);
        if (event.header.type == Type::log) {
          CHECK(event.header.function == 1);
          CHECK(event.header.worker == 3);
          CHECK(event.text == "what was said");
          CHECK(event.request_id() == "0123-id");
        } else {
          CHECK(event.header.status == 500);
          CHECK(event.said() == "Brokenof a test");
          CHECK(event.request_line().method == "POST");
          CHECK(event.request_line().path == "/espresso/cups");
          CHECK(event.as<Finished>().type_size == 6);
          CHECK(event.request_id() == "an-id");
        }
      },
      [](std::uint64_t, std::uint64_t) { FAIL(); });
  CHECK(types == std::vector<Type>{Type::log, Type::invocation_finished});
}

TEST_CASE("a reader that was overtaken learns how many events it missed, and from which on") {
  Scene scene;
  scene.finish(Outcome::Kind::ok);
  EventReader reader(scene.log, 0);
  CHECK(read_all(reader).numbers.size() == 1);
  for (int i = 0; i < 5000; ++i) scene.finish(Outcome::Kind::ok);
  const Seen seen = read_all(reader);
  REQUIRE(seen.dropped.size() == 1);
  CHECK(seen.dropped[0].first == 2);
  CHECK(seen.dropped[0].second + seen.numbers.size() == 5000);
  CHECK(seen.numbers.front() == 2 + seen.dropped[0].second);
  for (std::size_t i = 1; i < seen.numbers.size(); ++i) CHECK(seen.numbers[i] == seen.numbers[i - 1] + 1);
  CHECK(seen.numbers.back() == 5001);
}

TEST_CASE("a reader goes on behind the event that it names") {
  Scene scene;
  for (int i = 0; i < 10; ++i) scene.finish(Outcome::Kind::ok);
  EventReader behind(scene.log, 7);
  CHECK(read_all(behind).numbers == std::vector<std::uint64_t>{8, 9, 10});
  EventReader at_the_end(scene.log, 10);
  CHECK(read_all(at_the_end).numbers.empty());
  scene.finish(Outcome::Kind::ok);
  CHECK(read_all(at_the_end).numbers == std::vector<std::uint64_t>{11});
  SECTION("a number of a former server means: all there is") {
    EventReader foreign(scene.log, 4711);
    CHECK(read_all(foreign).numbers.size() == 11);
  }
  SECTION("what is no longer held is counted") {
    for (int i = 0; i < 5000; ++i) scene.finish(Outcome::Kind::ok);
    EventReader late(scene.log, 7);
    const Seen seen = read_all(late);
    REQUIRE(seen.dropped.size() == 1);
    CHECK(seen.dropped[0].first == 8);
    CHECK(seen.dropped[0].second == seen.numbers.front() - 8);
  }
}

TEST_CASE("events of an invocation say what was asked for, but not its query, and say when they cut a path") {
  Scene scene;
  const std::string path = "/" + std::string(999, 'a');
  Invocation call = kCall;
  scene.log.invocation_queued(0, call, SteadyClock::now());
  call.path = path;
  call.given_request_id = "wanted";
  scene.log.invocation_started(0, 1, call, false, SteadyClock::now());
  scene.log.invocation_finished(0, call, {}, SteadyClock::now());
  EventReader reader(scene.log, 0);
  reader.read(
      [&](const Event& event) {
        const RequestLine line = event.request_line();
        CHECK(line.method == "POST");
        CHECK(event.text.find("secret") == std::string_view::npos);
        CHECK(event.said().empty());
        if (event.header.type == Type::invocation_queued) {
          CHECK(line.path == "/espresso/cups");
          CHECK(line.path_bytes == line.path.size());
          CHECK(line.given_id.empty());
        } else {
          CHECK(line.path == ("/espresso" + path).substr(0, kLongestPath));
          CHECK(line.path_bytes == 1009);
          CHECK(line.given_id == "wanted");
        }
      },
      [](std::uint64_t, std::uint64_t) { FAIL(); });
  CHECK(scene.log.newest() == 3);
}

TEST_CASE("every refused request counts, ten a second are told, and then how many more there were") {
  Scene scene;
  const TimePoint now = SteadyClock::now();
  for (int i = 0; i < 25; ++i)
    scene.log.request_refused(RefusalCode::body_too_large, "an-id", {.method = "PUT", .path = "/espresso"},
                              now);
  scene.log.request_refused(RefusalCode::bad_request, "an-id", {}, now);
  CHECK(scene.log.refusals()[static_cast<std::size_t>(RefusalCode::body_too_large)] == 25);
  CHECK(scene.log.refusals()[static_cast<std::size_t>(RefusalCode::bad_request)] == 1);
  CHECK(scene.log.newest() == 10);
  scene.run_for(milliseconds(1100));
  CHECK(scene.log.newest() == 11);
  scene.log.request_refused(RefusalCode::foreign_host, "another-id", {.method = "GET", .path = "/latte"},
                            SteadyClock::now());
  EventReader reader(scene.log, 10);
  std::vector<std::uint64_t> more;
  reader.read(
      [&](const Event& event) {
        CHECK(event.header.type == Type::request_refused);
        more.push_back(event.as<Refused>().more);
      },
      [](std::uint64_t, std::uint64_t) { FAIL(); });
  CHECK(more == std::vector<std::uint64_t>{16, 0});
  SECTION("also when the log is closed before that second is over") {
    for (int i = 0; i < 12; ++i)
      scene.log.request_refused(RefusalCode::foreign_host, "another-id", {}, SteadyClock::now());
    scene.log.close();
    CHECK(scene.log.newest() == 22);
  }
}

TEST_CASE("a text of any length is cut rather than refused") {
  Scene scene(1 << 16);
  scene.log.log(0, 1, "id", std::string(1 << 20, 'x'), SteadyClock::now());
  EventReader reader(scene.log, 0);
  reader.read([](const Event& event) { CHECK(event.text == std::string(16 * 1024, 'x')); },
              [](std::uint64_t, std::uint64_t) {});
}

TEST_CASE("a request id that is too long is cut, and never runs into what follows") {
  CHECK(RequestName(std::string(100, 'a')).view() == std::string(39, 'a'));
  CHECK(RequestName("").view().empty());
}

TEST_CASE("bytes that are no record are taken for an empty event") {
  CHECK(parse("").header.sequence == 0);
  Header header;
  header.text_size = 1000;
  const Event event = parse({reinterpret_cast<const char*>(&header), sizeof header});
  CHECK(event.text.empty());
  CHECK(event.body.empty());
}

TEST_CASE("news are announced in batches") {
  Scene scene;
  scene.finish(Outcome::Kind::ok);
  const TimePoint before = SteadyClock::now();
  std::thread waiting([&] { CHECK(scene.log.wait_for_news(0, milliseconds(20'000)) == 1); });
  scene.run_for(milliseconds(100));
  waiting.join();
  CHECK(SteadyClock::now() - before < milliseconds(10'000));
}

TEST_CASE("a reader that has asked for news is told once, and of the end in any case") {
  Scene scene;
  int told = 0;
  scene.log.on_news([&told] { ++told; });
  scene.finish(Outcome::Kind::ok);
  scene.run_for(milliseconds(50));
  CHECK(told == 0);
  scene.log.want_news();
  scene.finish(Outcome::Kind::ok);
  scene.finish(Outcome::Kind::ok);
  scene.run_for(milliseconds(50));
  CHECK(told == 1);
  scene.finish(Outcome::Kind::ok);
  scene.run_for(milliseconds(50));
  CHECK(told == 1);
  scene.log.close();
  CHECK(told == 2);
}

TEST_CASE("many who wait for news never hold up who tells them") {
  Scene scene;
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  readers.reserve(16);
  for (int i = 0; i < 16; ++i)
    readers.emplace_back([&] {
      while (!done) scene.log.wait_for_news(scene.log.newest(), milliseconds(1));
    });
  for (int i = 0; i < 50; ++i) {
    scene.finish(Outcome::Kind::ok);
    scene.run_for(milliseconds(5));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  // What could not be announced at once was announced a little later.
  scene.run_for(milliseconds(50));
  const TimePoint before = SteadyClock::now();
  CHECK(scene.log.wait_for_news(49, milliseconds(20'000)) == 50);
  CHECK(SteadyClock::now() - before < milliseconds(10'000));
}

TEST_CASE("closing wakes whoever waits, for ever") {
  Scene scene;
  std::thread waiting([&] { scene.log.wait_for_news(0, milliseconds(20'000)); });
  const TimePoint before = SteadyClock::now();
  scene.log.close();
  waiting.join();
  scene.log.wait_for_news(0, milliseconds(20'000));
  CHECK(SteadyClock::now() - before < milliseconds(10'000));
  CHECK(scene.log.closed());
}

TEST_CASE("while things happen the numbers are told once a second, an idle log is silent") {
  Scene scene;
  int asked = 0;
  scene.log.on_stats([&] { return Stats{.busy = static_cast<std::uint64_t>(++asked)}; });
  scene.run_for(milliseconds(50));
  CHECK(asked == 0);
  scene.finish(Outcome::Kind::ok);
  scene.run_for(milliseconds(1100));
  CHECK(asked == 1);
  scene.run_for(milliseconds(1200));
  CHECK(asked == 1);
}

TEST_CASE("what happens right after the numbers were told is told with the next ones") {
  Scene scene;
  int asked = 0;
  scene.log.on_stats([&] {
    ++asked;
    return Stats{};
  });
  scene.finish(Outcome::Kind::ok);
  while (asked == 0) {
    scene.loop.restart();
    scene.loop.run_one();
  }
  scene.finish(Outcome::Kind::ok);  // within the same batch as the numbers themselves
  scene.run_for(milliseconds(1200));
  CHECK(asked == 2);
}

TEST_CASE("every invocation is counted once, by what became of it") {
  Scene scene;
  scene.finish(Outcome::Kind::ok, true);
  scene.finish(Outcome::Kind::ok);
  scene.finish(Outcome::Kind::timeout);
  scene.finish(Outcome::Kind::throttled, false, 0);
  scene.log.invocation_finished(kNoFunction, kCall, Outcome::failure(Outcome::Kind::unknown_function, "?"),
                                SteadyClock::now());
  const FunctionMetrics& espresso = scene.log.metrics()[0];
  const auto count = [&](Outcome::Kind kind) { return espresso.outcomes[static_cast<std::size_t>(kind)]; };
  CHECK(count(Outcome::Kind::ok) == 2);
  CHECK(count(Outcome::Kind::timeout) == 1);
  CHECK(count(Outcome::Kind::throttled) == 1);
  CHECK(espresso.cold_starts == 1);
  CHECK(espresso.exec_cold.count == 1);
  CHECK(espresso.exec_warm.count == 2);  // who never reached a worker has no time there
  CHECK(scene.log.metrics().back().outcomes[static_cast<std::size_t>(Outcome::Kind::unknown_function)] == 1);
}

TEST_CASE("a histogram's buckets have inclusive upper bounds, and the last takes the rest") {
  Histogram histogram;
  histogram.add(100'000);  // 0.1 ms: the first bound
  histogram.add(100'001);
  histogram.add(3'600'000'000'000);
  histogram.add(-5);
  CHECK(histogram.counts[0] == 2);
  CHECK(histogram.counts[1] == 1);
  CHECK(histogram.counts.back() == 1);
  CHECK(histogram.count == 4);
  CHECK(histogram.sum == 3'600'000'200'001);
  SizeHistogram sizes;
  sizes.add(1 << 16);
  sizes.add((1 << 16) + 1);
  sizes.add(1ULL << 40);
  CHECK(sizes.counts[0] == 1);
  CHECK(sizes.counts[1] == 1);
  CHECK(sizes.counts.back() == 1);
}

TEST_CASE("a follower has seen everything by its end, also what came last") {
  struct Counter : View {
    explicit Counter(std::uint64_t& into) : seen(into) {}
    void event(const Event&) override { ++seen; }
    void dropped(std::uint64_t, std::uint64_t) override { FAIL(); }
    void rest() override {}
    std::uint64_t& seen;
  };
  Scene scene;
  std::uint64_t seen = 0;
  {
    const Follower follower(scene.log, std::make_unique<Counter>(seen));
    for (int i = 0; i < 50; ++i) scene.finish(Outcome::Kind::ok);
    scene.log.close();
  }
  CHECK(seen == 50);
}
