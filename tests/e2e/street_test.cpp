// coffees street: the comparison of four ways to cook a lunch, and the flow chart.
#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

CommandResult choose(std::vector<std::string> flags, const std::string& input = {}) {
  flags.insert(flags.begin(), {"street", "--choose", "--json"});
  return run_coffees(flags, input);
}

std::string chosen(const std::vector<std::string>& flags) {
  const CommandResult result = choose(flags);
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  const json answer = json::parse(result.out);
  CHECK(answer["reason"].get<std::string>().size() > 40);
  return answer["model"];
}

// What nothing else that runs meanwhile can spoil is checked below.
bool as_on_a_quiet_machine(const json& models) {
  return std::all_of(models.begin(), models.end(), [](const json& model) {
    const bool in_turn = model["model"] == "async";
    return model["type"] ==
               (in_turn || std::thread::hardware_concurrency() == 1 ? "concurrent" : "parallel") &&
           model["cpu_bound"]["most_at_once"] == (in_turn ? 1 : 8);
  });
}

}  // namespace

TEST_CASE(
    "two lunches through four models: all at once, parallel or not as they are, and what a task costs") {
  json all;
  // Parallel is what has two processors: something else may keep one of them busy for a while.
  for (int attempt = 0; attempt < 4; ++attempt) {
    const CommandResult result = run_coffees({"street", "--tasks", "8", "--json"});
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    all = json::parse(result.out);
    REQUIRE(all["models"].size() == 4);
    if (as_on_a_quiet_machine(all["models"])) break;
  }
  const double wait = all["wait_ms"].get<double>() / 1000;
  for (const json& model : all["models"]) {
    const std::string name = model["model"];
    INFO(model.dump());
    CHECK(model["io_bound"]["most_at_once"] == 8);
    CHECK(model["io_bound"]["wall_s"] >= wait);
    CHECK(model["io_bound"]["wall_s"] < 4 * wait);  // not one after another
    CHECK(model["io_bound"]["cpu_per_wall"] < 1);
    CHECK(model["cpu_bound"]["most_at_once"] == (name == "async" ? 1 : 8));
    if (std::thread::hardware_concurrency() > 1)
      CHECK(model["type"] == (name == "async" ? "concurrent" : "parallel"));
    CHECK(model["overhead_us"] > 0.1);
    CHECK(model["overhead_us"] < 1e5);
    if (name == "processes" || name == "cloud") {
      CHECK(model["overhead_kib"] > 20);
      CHECK(model["overhead_kib"] < 100 * 1024);  // also under a sanitizer
    }
    for (const char* trait : {"switching", "talking", "suits"})
      CHECK(model[trait].get<std::string>().size() > 5);
  }
}

TEST_CASE("for people the comparison has units, and says where Python differs") {
  const CommandResult result = run_coffees({"street", "--tasks", "2"});
  REQUIRE(result.exit_code == 0);
  for (const char* part : {"I/O-bound", "CPU-bound", "threads", "async", "processes", "cloud", " s  ",
                           " us, ", " KiB", "Where this differs from Python"})
    CHECK(result.out.find(part) != std::string::npos);
}

TEST_CASE("the server of a lunch is not the one that other commands find") {
  const TemporaryDirectory directory;
  const std::vector<std::string> here{"XDG_RUNTIME_DIR=" + directory.path(), "COFFEES_SERVER="};
  const Server server(function("espresso", menu("espresso")), {}, here);
  std::atomic<bool> eaten = false;
  std::thread lunch([&] {
    CHECK(run_coffees({"street", "--tasks", "2"}, "", here).exit_code == 0);
    eaten = true;
  });
  const std::string before = read_file(directory.path() + "/coffees-server");
  int changes = 0;
  while (!eaten) {
    if (read_file(directory.path() + "/coffees-server") != before) ++changes;
    sleep_ms(5);
  }
  lunch.join();
  CHECK(before.starts_with(server.url()));
  CHECK(changes == 0);
}

TEST_CASE("the flow chart reaches each of its answers, with a reason") {
  CHECK(chosen({"--worth", "no"}) == "one after another");
  CHECK(chosen({"--worth", "yes", "--bound", "io", "--many-slow-connections", "yes"}) == "async");
  CHECK(chosen({"--worth", "yes", "--bound", "io", "--many-slow-connections", "no"}) == "threads");
  CHECK(chosen({"--worth", "yes", "--bound", "cpu", "--shared-state", "yes"}) == "threads");
  CHECK(chosen({"--worth", "yes", "--bound", "cpu", "--shared-state", "no", "--under-timeout", "yes"}) ==
        "cloud functions");
  CHECK(chosen({"--worth", "yes", "--bound", "cpu", "--shared-state", "no", "--under-timeout", "no"}) ==
        "processes");
}

TEST_CASE("what no flag says is asked, again until the answer is one, no answer at all is an error") {
  const CommandResult asked = choose({"--worth", "yes"}, "perhaps\ncpu\nn\ny\n");
  CHECK(asked.exit_code == 0);
  CHECK(json::parse(asked.out)["model"] == "cloud functions");
  const CommandResult silent = choose({"--worth", "yes"}, "\n");
  CHECK(silent.exit_code == 2);
  CHECK(silent.err.find("error[E113]") != std::string::npos);
  CHECK(silent.err.find("  hint: --bound io|cpu") != std::string::npos);
  CHECK(run_coffees({"street", "--choose", "--bound", "disk"}).exit_code == 2);
  CHECK(run_coffees({"street", "--bound", "io"}).exit_code == 2);
}
