// coffees street: two lunches of the same size, cooked in four ways, and what each of them cost.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>

#include "cli/commands.h"
#include "cli/host_facts.h"
#include "cli/json.h"
#include "cli/table.h"
#include "platform/output.h"
#include "street/lunch.h"

namespace coffees::cli {
namespace {

constexpr Duration kWait = std::chrono::milliseconds(200);
constexpr std::size_t kDigits = 1400;
constexpr double kParallel = 1.25;  // more processors than one, beyond what is noise

constexpr const char* kNoneParallel = R"(
note: no lunch used more than one processor: there is only one, or the others are busy.
      TYPE means little then.
)";
constexpr const char* kExplanation = R"(
TYPE is seen from the CPU-bound lunch: more than one processor busy is parallel. CPU is of all processes that had
a part in it. OVERHEAD: the wall time of a lunch whose tasks do nothing, divided by their number (median of 5),
and the memory of a task that waits; of the cloud, orders over HTTP when workers are there, and a worker's memory.
Where this differs from Python: there one interpreter lock lets a single thread compute at a time, so threads only
help with waiting. C++ has no such lock: threads compute in parallel.
)";

// What no measurement shows.
struct Traits {
  const char* switching;
  const char* talking;
  const char* suits;
};

Traits traits_of(const std::string& model) {
  if (model == "threads")
    return {"the system, at any moment", "shared memory, locks", "some waits, or shared data"};
  if (model == "async") return {"the task, at co_await", "shared memory, no locks", "many slow connections"};
  if (model == "processes")
    return {"the system, at any moment", "queues and pipes", "computing, long or risky"};
  return {"the system; the runtime says how many", "only by answers", "independent bursts"};
}

struct Row {
  std::string model;
  street::Measured waiting;
  street::Measured computing;
  street::Overhead overhead;
  [[nodiscard]] bool parallel() const { return computing.processors() >= kParallel; }
};

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

int serve_quietly(int limit) {
  ServeOptions options;
  options.quiet = true;
  options.json = true;
  options.in_background = true;
  for (const char* name : {"espresso", "latte", "pi"})
    options.functions.libraries.push_back(program_directory() + "/functions/" + name + ".so");
  options.functions.flags = {{"server.port", "0", "street"},
                             {"server.admin_port", "0", "street"},
                             {"defaults.limit", std::to_string(limit), "street"},
                             {"defaults.timeout", "60s", "street"}};
  return serve(options);
}

Row cook(const std::function<std::unique_ptr<street::Model>()>& make, const StreetOptions& options) {
  Row row;
  if (platform::is_terminal(2)) fmt::print(stderr, "cooking...\n");
  {
    const std::unique_ptr<street::Model> model = make();
    row.model = model->name();
    row.waiting = street::measure(*model, {.tasks = options.tasks, .wait = kWait});
    row.computing = street::measure(*model, {.tasks = options.tasks, .digits = kDigits});
  }
  row.overhead = street::measure_overhead(*make(), options.tasks);
  return row;
}

std::vector<Row> cook_all(const StreetOptions& options) {
  std::vector<Row> rows;
  for (const auto& make : {street::threads, street::async, street::processes})
    rows.push_back(cook(make, options));
  const auto server = [limit = options.tasks] { return serve_quietly(limit); };
  rows.push_back(cook([&server] { return street::cloud(server); }, options));
  return rows;
}

void print_lunch(const std::vector<Row>& rows, street::Measured Row::*lunch) {
  Table table({"MODEL", "WALL", "CPU", "CPU/WALL", "MOST AT ONCE"});
  for (const Row& row : rows) {
    const street::Measured& measured = row.*lunch;
    table.add({row.model, fmt::format("{:.3f} s", seconds(measured.wall)),
               fmt::format("{:.3f} s", seconds(measured.cpu)), fmt::format("{:.2f}", measured.processors()),
               fmt::format("{}", measured.most_at_once)});
  }
  table.print();
}

void print(const std::vector<Row>& rows, const StreetOptions& options) {
  const unsigned processors = std::thread::hardware_concurrency();
  fmt::print("Two lunches of {} tasks, each cooked in four ways on {} processors.\n\n", options.tasks,
             processors);
  fmt::print("I/O-bound: each task waits {:.0f} ms; one after another, {:.1f} s.\n", seconds(kWait) * 1000,
             seconds(kWait) * options.tasks);
  print_lunch(rows, &Row::waiting);
  fmt::print("\nCPU-bound: each task computes {} digits of pi.\n", kDigits);
  print_lunch(rows, &Row::computing);
  fmt::print("\nWhat they are:\n");
  Table table({"MODEL", "TYPE", "OVERHEAD PER TASK", "WHO SWITCHES", "HOW TASKS TALK", "SUITS"});
  for (const Row& row : rows) {
    const Traits traits = traits_of(row.model);
    table.add({row.model, row.parallel() ? "parallel" : "concurrent",
               fmt::format("{:.0f} us, {:.0f} KiB", row.overhead.microseconds, row.overhead.kibibytes),
               traits.switching, traits.talking, traits.suits});
  }
  table.print();
  const bool none_parallel =
      std::none_of(rows.begin(), rows.end(), [](const Row& row) { return row.parallel(); });
  if (none_parallel) fmt::print("{}", kNoneParallel);
  fmt::print("{}", kExplanation);
}

Json document(const street::Measured& measured) {
  return {{"wall_s", seconds(measured.wall)},
          {"cpu_s", seconds(measured.cpu)},
          {"cpu_per_wall", measured.processors()},
          {"most_at_once", measured.most_at_once}};
}

void print_json(const std::vector<Row>& rows, const StreetOptions& options) {
  Json models = Json::array();
  for (const Row& row : rows) {
    const Traits traits = traits_of(row.model);
    models.push_back({{"model", row.model},
                      {"type", row.parallel() ? "parallel" : "concurrent"},
                      {"io_bound", document(row.waiting)},
                      {"cpu_bound", document(row.computing)},
                      {"overhead_us", row.overhead.microseconds},
                      {"overhead_kib", row.overhead.kibibytes},
                      {"switching", traits.switching},
                      {"talking", traits.talking},
                      {"suits", traits.suits}});
  }
  const Json all{{"tasks", options.tasks},
                 {"processors", std::thread::hardware_concurrency()},
                 {"wait_ms", seconds(kWait) * 1000},
                 {"digits", kDigits},
                 {"models", models}};
  fmt::print("{}\n", all.dump(2));
}

}  // namespace

int street(const StreetOptions& options) {
  if (options.choose) return choose(options);
  // The program that started this one may have it ignored: then no process could be waited for (waitpid(2)).
  std::signal(SIGCHLD, SIG_DFL);
  // A server that goes away in the middle of an order is told as that.
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<Row> rows = cook_all(options);
  if (options.json)
    print_json(rows, options);
  else
    print(rows, options);
  return kOk;
}

}  // namespace coffees::cli
