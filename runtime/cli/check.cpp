// coffees check: is the configuration right, and can every handler library be loaded and initialised?
#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "base/units.h"
#include "cli/assembly.h"
#include "cli/check_state.h"
#include "cli/commands.h"
#include "cli/host_check.h"
#include "cli/host_facts.h"
#include "cli/json.h"
#include "events/event_text.h"
#include "platform/child_process.h"

namespace coffees::cli {
namespace {

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

// What the libraries print while they are loaded.
class PrintedLog : public LogSink {
 public:
  void line(const LogOrigin& origin, std::string_view, std::string_view line) override {
    fmt::print(stderr, "{} | {}\n", origin.name, visible(line));
  }
  void note(const LogOrigin& origin, std::string_view, std::string_view text) override {
    fmt::print(stderr, "{} * {}\n", origin.name, visible(text));
  }
};

// What came of one function.
struct Verdict {
  bool ok = false;
  Duration init{0};
  ColdStart cold_start;  ///< of one worker
  bool fresh = false;
  StateVerdict state;
  config::Problem problem;
};

// What one function is checked with.
struct Check {
  const config::Function& function;
  std::unique_ptr<zygote::ZygoteSource> source;
  std::unique_ptr<zygote::ZygoteSource> second;  ///< for --state
  Verdict verdict;
};

// Starts one worker, as a first request would: whatever can go wrong before the handler is called goes wrong
// here.
Task<> check_function(Check& check, const std::string& event, std::size_t& left, Loop& loop) {
  zygote::ZygoteSource& source = *check.source;
  const config::Function& function = check.function;
  Verdict& verdict = check.verdict;
  StartResult result = co_await source.start(1);
  if (result.worker) {
    result.worker->kill();
    verdict.ok = true;
    verdict.cold_start = result.cold_start;
    verdict.fresh = function.start == config::StartMode::fresh || source.forced_fresh();
    verdict.init = function.start == config::StartMode::fresh ? result.cold_start.init : source.init_time();
  } else {
    verdict.problem = coded(visible(result.failure.message), "E200");
    verdict.problem.where = function.name;
    verdict.problem.hint = visible(result.failure.hint);
  }
  if (verdict.ok && check.second && verdict.fresh)
    verdict.state.why_not = "each worker loads the library itself, so they share no random value";
  else if (verdict.ok && check.second)
    verdict.state = co_await check_state(source, *check.second, function.name, event, function.timeout);
  if (--left == 0) loop.stop();
}

void print_state(const config::Function& function, const StateVerdict& state) {
  if (!state.checked) fmt::print(stderr, "note: {}: state not checked: {}\n", function.name, state.why_not);
  for (const std::string& what : state.shared)
    fmt::print(
        stderr,
        "warning: {}: {} is the same in every worker: it was drawn once, when the library was loaded or "
        "in COFFEES_INIT\n  hint: draw it in COFFEES_WORKER_INIT {{ ... }} or in the handler\n",
        function.name, visible(what));
}

void print_verdict(const config::Function& function, const Verdict& verdict) {
  if (!verdict.ok) {
    fmt::print(stderr, "{}\n", verdict.problem.text());
    return;
  }
  fmt::print("{}: ok  {}  init {:.1f}ms  start {}\n", function.name, function.path,
             milliseconds(verdict.init), verdict.fresh ? "fresh" : "zygote");
  // The first start includes that of the zygote, which later ones have behind them.
  std::string steps;
  for (std::size_t i = 0; i < verdict.cold_start.count; ++i)
    steps += fmt::format("{}{} {:.1f}ms", i == 0 ? "" : ", ", verdict.cold_start.steps[i].name,
                         milliseconds(verdict.cold_start.steps[i].took));
  fmt::print("  its first worker: {}\n", steps);
  if (function.timeout > Duration(0) && function.timeout < verdict.init)
    fmt::print(stderr, "warning: {}: timeout {} is shorter than its init\n", function.name,
               format_duration(function.timeout));
}

Json problem_document(const config::Problem& problem) {
  return {
      {"code", problem.code}, {"where", problem.where}, {"message", problem.what}, {"hint", problem.hint}};
}

Json verdict_document(const config::Function& function, const Verdict& verdict, bool with_state) {
  Json document{{"name", function.name}, {"path", function.path}, {"ok", verdict.ok}};
  if (verdict.ok) {
    document["init_ms"] = milliseconds(verdict.init);
    document["start"] = verdict.fresh ? "fresh" : "zygote";
    Json& steps = document["first_worker"] = Json::object();
    for (std::size_t i = 0; i < verdict.cold_start.count; ++i)
      steps[std::string(verdict.cold_start.steps[i].name) + "_ms"] =
          milliseconds(verdict.cold_start.steps[i].took);
    if (with_state)
      document["state"] = {{"checked", verdict.state.checked},
                           {"why_not", verdict.state.why_not},
                           {"drawn_at_load", verdict.state.shared}};
  } else {
    document["problem"] = problem_document(verdict.problem);
  }
  return document;
}

void print_document(bool ok, const Json& problems, const Json& functions) {
  const Json document{{"ok", ok}, {"problems", problems}, {"functions", functions}};
  fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

int report_problems(const std::vector<config::Problem>& problems, bool json) {
  Json documents = Json::array();
  for (const config::Problem& problem : problems) {
    documents.push_back(problem_document(problem));
    if (!json) fmt::print(stderr, "{}\n", problem.text());
  }
  if (json) print_document(false, documents, Json::array());
  return kUsage;
}

int report_unreadable(const std::string& data) {
  fmt::print(
      stderr, "{}\n",
      config::Problem{"E104", "", data.substr(1) + " cannot be read", "--data @FILE names a file"}.text());
  return kUsage;
}

int report(const std::vector<Check>& checks, const CheckOptions& options) {
  bool ok = true;
  bool warned = false;
  Json documents = Json::array();
  for (const auto& [function, source, second, verdict] : checks) {
    ok = ok && verdict.ok;
    warned = warned || !verdict.state.shared.empty();
    documents.push_back(verdict_document(function, verdict, options.state));
    if (options.json) continue;
    print_verdict(function, verdict);
    if (verdict.ok && options.state) print_state(function, verdict.state);
  }
  if (options.json) print_document(ok, Json::array(), documents);
  return ok && !(warned && options.strict) ? kOk : kBadPlugin;
}

}  // namespace

int check(const CheckOptions& options) {
  const std::optional<std::string> event = read_data(options.data);
  if (!event) return report_unreadable(options.data);
  const config::Loaded loaded = read_configuration(options.functions);
  if (!loaded.problems.empty()) return report_problems(loaded.problems, options.json);
  const std::vector<config::Function>& functions = loaded.config.functions;
  if (const std::string notice = notice_of_menu(options.functions, loaded.config); !notice.empty())
    fmt::print(stderr, "note: {}\n", notice);
  platform::survive_broken_pipes();
  platform::reap_children_automatically();
  const SystemClock clock;
  Loop loop;
  TimerQueue timers(loop.get_executor(), clock);
  const HostFacts host = explore_host(loop, timers, loaded.config.server.isolation);
  if (const std::vector<config::Problem> problems = problems_here(loaded, host); !problems.empty())
    return report_problems(problems, options.json);
  PrintedLog log;
  std::vector<Check> checks;
  std::vector<zygote::ZygoteSource*> sources;
  const auto make_source = [&](std::size_t i) {
    auto source = std::make_unique<zygote::ZygoteSource>(
        loop, timers,
        source_settings(functions[i], loaded.config.server, host, static_cast<std::uint32_t>(i)), log);
    sources.push_back(source.get());
    return source;
  };
  for (std::size_t i = 0; i < functions.size(); ++i) {
    checks.push_back({.function = functions[i], .source = make_source(i), .second = nullptr, .verdict = {}});
    if (options.state) checks.back().second = make_source(i);
  }
  std::size_t left = checks.size();
  for (Check& each : checks) spawn_detached(loop.get_executor(), check_function(each, *event, left, loop));
  if (left > 0) loop.run();
  end_processes(loop, sources);
  loop.abandon();
  return report(checks, options);
}

}  // namespace coffees::cli
