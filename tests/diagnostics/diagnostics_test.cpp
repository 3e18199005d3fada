#include "diagnostics/diagnostics.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "catch.h"
#include "manual_clock.h"

using namespace coffees;
using namespace coffees::diagnostics;
using nlohmann::json;

namespace {

// A console that writes into a pipe, and a folder for log files.
struct Scene {
  Scene() {
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("pipe2");
    std::string name = "/tmp/coffees-log-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = name;
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene() {
    std::filesystem::remove_all(folder);
    ::close(ends[0]);
    ::close(ends[1]);
  }
  [[nodiscard]] std::vector<std::string> shown() const {
    std::string all(65536, '\0');
    const ssize_t size = ::read(ends[0], all.data(), all.size());
    all.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return lines(std::istringstream(all));
  }
  [[nodiscard]] std::vector<std::string> filed(const std::string& name = "coffees.log") const {
    return lines(std::ifstream(folder + "/" + name));
  }
  template <typename Stream>
  static std::vector<std::string> lines(Stream stream) {
    std::vector<std::string> all;
    for (std::string line; std::getline(stream, line);) all.push_back(line);
    return all;
  }

  std::array<int, 2> ends{};
  std::string folder;
  Settings settings;
};

struct OnConsole : Scene {
  Console pipe{ends[1]};
};

}  // namespace

TEST_CASE("a message names its time, level and room, on the console and in the log file alike") {
  OnConsole scene;
  scene.settings.file = scene.folder + "/coffees.log";
  {
    const Diagnostics diagnostics(scene.settings, scene.pipe);
    warn(Room::pool, "espresso: breaker open");
    say(Room::http, Level::debug, "not at this level");
    say(Room::server, Level::info, "for the file alone");
  }
  const std::vector<std::string> shown = scene.shown();
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].substr(12) == "  warning  pool: espresso: breaker open");
  const std::vector<std::string> filed = scene.filed();
  REQUIRE(filed.size() == 2);
  CHECK(filed[0] == shown[0]);
  CHECK(filed[1].ends_with("  info  server: for the file alone"));
}

TEST_CASE("messages are JSON objects where the console's lines are, whatever is in them") {
  OnConsole scene;
  scene.settings.json = true;
  {
    const Diagnostics diagnostics(scene.settings, scene.pipe);
    warn(Room::worker, "said \"\x1b[2J\xff\n\" and died");
  }
  const std::vector<std::string> shown = scene.shown();
  REQUIRE(shown.size() == 1);
  const json line = json::parse(shown[0]);
  CHECK(line["v"] == 1);
  CHECK(line["type"] == "diagnostic");
  CHECK(line["level"] == "warning");
  CHECK(line["room"] == "worker");
  CHECK(line["message"] == "said \"\x1b[2J\xef\xbf\xbd\n\" and died");
  CHECK(line["time"].get<std::string>().size() == std::string("2026-01-31T12:00:00.000000Z").size());
}

TEST_CASE("what a terminal would obey is spelled out") {
  OnConsole scene;
  {
    const Diagnostics diagnostics(scene.settings, scene.pipe);
    warn(Room::pool, "\x1b[2J\nforged");
  }
  REQUIRE(scene.shown().size() == 1);
}

TEST_CASE("what happens very often is said once in ten seconds, then with how often it was not") {
  OnConsole scene;
  test::ManualClock clock;
  scene.settings.clock = &clock;
  {
    const Diagnostics diagnostics(scene.settings, scene.pipe);
    for (int i = 0; i < 1000; ++i) warn_seldom(Room::http, "budget", "the budget is used up");
    warn_seldom(Room::admin, "budget", "another room's");
    clock.pass(std::chrono::seconds(10));
    warn_seldom(Room::http, "budget", "the budget is used up");
    clock.pass(std::chrono::seconds(10));
    warn_seldom(Room::http, "budget", "the budget is used up");
  }
  const std::vector<std::string> shown = scene.shown();
  REQUIRE(shown.size() == 4);
  CHECK(shown[2].ends_with("the budget is used up (and 999 more times since the last such message)"));
  CHECK(shown[3].ends_with("the budget is used up"));
}

TEST_CASE("the log file is renamed when it is full, and log_files older ones are kept") {
  OnConsole scene;
  scene.settings.file = scene.folder + "/coffees.log";
  scene.settings.file_size = 4096;
  scene.settings.files = 2;
  {
    const Diagnostics diagnostics(scene.settings, scene.pipe);
    for (int i = 0; i < 400; ++i) say(Room::server, Level::info, "line " + std::to_string(i));
  }
  const std::vector<std::string> newest = scene.filed();
  REQUIRE_FALSE(newest.empty());
  CHECK(newest.back().ends_with("line 399"));
  CHECK_FALSE(scene.filed("coffees.1.log").empty());
  CHECK_FALSE(scene.filed("coffees.2.log").empty());
  CHECK(scene.filed("coffees.3.log").empty());
}

TEST_CASE("a console that nobody reads holds nobody up, and the file has every line") {
  OnConsole scene;
  scene.settings.file = scene.folder + "/coffees.log";
  {
    const Diagnostics diagnostics(scene.settings, scene.pipe);
    for (int i = 0; i < 3000; ++i)
      warn(Room::http, "a line of about a hundred bytes, so that the pipe is full " + std::string(60, '.'));
  }
  CHECK(scene.filed().size() == 3000);
}

TEST_CASE("a log file that cannot be written is an error at the start") {
  OnConsole scene;
  std::filesystem::create_directory(scene.folder + "/taken");
  scene.settings.file = scene.folder + "/taken";
  CHECK_THROWS_AS(Diagnostics(scene.settings, scene.pipe), std::runtime_error);
  warn(Room::pool, "said to nobody");  // no Diagnostics: no crash
}

TEST_CASE("any thread may say something") {
  OnConsole scene;
  scene.settings.file = scene.folder + "/coffees.log";
  {
    const Diagnostics diagnostics(scene.settings, scene.pipe);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([] {
        for (int k = 0; k < 200; ++k) say(Room::server, Level::info, "from a thread");
      });
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(scene.filed().size() == 800);
}
