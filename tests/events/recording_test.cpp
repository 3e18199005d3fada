// Recordings as files: what is in them, one file or pieces, reopened or full.
#include "events/recording.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.h"
#include "events/event_reader.h"

using namespace coffees;
using namespace coffees::events;
using nlohmann::json;

namespace {

struct Folder {
  Folder() {
    std::string name = "/tmp/coffees-recording-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

const std::vector<std::string> kRecordedFunctions{"espresso", "latte"};

// A log, and a folder for what is recorded of it.
struct RecordedScene {
  Folder folder;
  std::string file = folder.path + "/record.jsonl";
  Loop loop;
  SystemClock clock;
  TimerQueue timers{loop.get_executor(), clock};
  EventLog log{timers, kRecordedFunctions};
  std::vector<std::string> told;

  // `tell` of a recording.
  std::function<void(const std::string&)> note() {
    return [this](const std::string& text) { told.push_back(text); };
  }
  void line(const std::string& text) { log.log(0, 1, "id", text, SteadyClock::now()); }
  // All events after `seen` to the recording; returns the number of the last one.
  std::uint64_t record(Recording& recording, std::uint64_t seen = 0) {
    EventReader reader(log, seen);
    while (reader.read([&](const Event& event) { recording.event(event); },
                       [](std::uint64_t, std::uint64_t) { FAIL("nothing is dropped"); })) {
    }
    recording.rest();
    return reader.last();
  }
};

std::vector<json> lines_of(const std::string& file) {
  std::ifstream stream(file);
  std::vector<json> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("a recording is JSON Lines that begin with hello, and leaves out what handlers say unless asked") {
  for (const bool texts : {false, true}) {
    RecordedScene scene;
    Recording recording(scene.log, scene.file, {.version = "1.2.3", .configuration = "abc", .texts = texts},
                        scene.note());
    scene.line("a secret");
    Outcome outcome = Outcome::failure(Outcome::Kind::handler_error, "another secret");
    outcome.type = "Broken";
    scene.log.invocation_finished(
        0, {.function = "espresso", .request_id = "id", .method = "POST", .path = "/a"}, outcome,
        SteadyClock::now());
    scene.record(recording);
    recording.dropped(7, 3);
    recording.rest();
    const std::vector<json> lines = lines_of(scene.file);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0]["type"] == "hello");
    CHECK(lines[0]["server"] == "coffees 1.2.3");
    CHECK(lines[0]["config"] == "abc");
    CHECK(lines[0]["functions"] == kRecordedFunctions);
    CHECK(lines[1]["line"] == (texts ? "a secret" : ""));
    CHECK(lines[2]["message"] == (texts ? "another secret" : ""));
    CHECK(lines[2].contains("error_type") == texts);
    CHECK(lines[2]["path"] == "/espresso/a");
    CHECK(lines[3]["type"] == "dropped");
    CHECK(lines[3]["from_seq"] == 7);
    CHECK(lines[3]["count"] == 3);
    CHECK(scene.told.empty());
  }
}

TEST_CASE("a recording to a full disk ends, is said to have ended, and keeps nothing more in memory") {
  if (!std::filesystem::exists("/dev/full")) return;
  RecordedScene scene;
  Recording recording(scene.log, "/dev/full", {}, scene.note());
  recording.rest();
  scene.line("x");
  scene.record(recording);
  REQUIRE(scene.told.size() == 1);
  CHECK(scene.told[0].find("o space") != std::string::npos);
}

TEST_CASE("a recording that is reopened goes on in the next file, which begins with hello") {
  RecordedScene scene;
  std::atomic<std::uint32_t> reopenings{0};
  Recording recording(scene.log, scene.file, {.version = "1.2.3", .configuration = "abc"}, scene.note());
  recording.reopen_on_change(reopenings);
  scene.line("x");
  scene.record(recording);
  std::filesystem::rename(scene.file, scene.file + ".old");
  std::filesystem::create_directory(scene.file);  // in the way
  ++reopenings;
  recording.rest();
  REQUIRE(scene.told.size() == 1);
  CHECK(scene.told[0].find("continues in the open file") != std::string::npos);
  recording.dropped(7, 3);
  std::filesystem::remove(scene.file);
  ++reopenings;
  recording.rest();
  recording.rest();
  CHECK(scene.told.size() == 2);
  const std::vector<json> before = lines_of(scene.file + ".old");
  const std::vector<json> after = lines_of(scene.file);
  REQUIRE(before.size() == 3);
  CHECK(before[2]["type"] == "dropped");
  REQUIRE(after.size() == 1);
  CHECK(after[0]["type"] == "hello");
  CHECK(after[0]["seq"] == before[1]["seq"]);
}

TEST_CASE("a recording in pieces misses no line, nor does one that goes on behind it") {
  RecordedScene scene;
  constexpr int events = 20'000;
  std::uint64_t seen = 0;
  for (int round = 0; round < 2; ++round) {
    Recording recording(scene.log, scene.file, {.version = "1", .piece_size = 300'000}, scene.note());
    for (int i = 0; i < events; ++i) {
      scene.line("line " + std::to_string(i));
      if (i % 500 == 499) seen = scene.record(recording, seen);
    }
  }
  const std::vector<std::string> pieces = pieces_of(scene.file);
  REQUIRE(pieces.size() > 10);
  CHECK(pieces[1] == scene.file + ".000001");
  std::uint64_t last = 0;
  for (const std::string& piece : pieces) {
    CHECK(std::filesystem::file_size(piece) < 300'000 + 300'000);
    const std::vector<json> lines = lines_of(piece);
    REQUIRE_FALSE(lines.empty());
    CHECK(lines.front()["type"] == "hello");
    for (const json& line : lines) {
      if (line["type"] == "hello") continue;
      if (line["seq"] != ++last) FAIL("a line is missing or doubled");
    }
  }
  CHECK(last == 2 * events);
}

TEST_CASE("a recording whose next piece cannot be opened goes on in the one that is open") {
  RecordedScene scene;
  Recording recording(scene.log, scene.file, {.version = "1", .piece_size = 1000}, scene.note());
  std::filesystem::create_directory(scene.file + ".000001");  // in the way
  std::uint64_t seen = 0;
  for (int i = 0; i < 40; ++i) {
    scene.line("a line");
    seen = scene.record(recording, seen);
  }
  REQUIRE_FALSE(scene.told.empty());
  CHECK(scene.told[0].find("continues in the open file") != std::string::npos);
  CHECK(lines_of(scene.file).size() == 41);
}
