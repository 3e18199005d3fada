// coffees check: is the configuration right, and can every handler library be loaded and initialised?
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/assembly.h"
#include "cli/commands.h"
#include "cli/host_facts.h"
#include "config/units.h"
#include "events/event_text.h"
#include "platform/child_process.h"

namespace coffees::cli {
namespace {

using Json = nlohmann::ordered_json;

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

// What the libraries print while they are loaded.
class PrintedLog : public LogSink {
 public:
  void line(const LogOrigin& origin, std::string_view, std::string_view line) override {
    fmt::print(stderr, "{} | {}\n", origin.name, events::visible(line));
  }
  void note(const LogOrigin& origin, std::string_view, std::string_view text) override {
    fmt::print(stderr, "{} * {}\n", origin.name, text);
  }
};

// What came of one function.
struct Verdict {
  bool ok = false;
  Duration init{0};
  bool fresh = false;
  config::Problem problem;
};

// Starts one worker, as a first request would: whatever can go wrong before the handler is called goes wrong
// here.
Task<> check_function(zygote::ZygoteSource& source, const config::Function& function, Verdict& verdict,
                      std::size_t& left, Loop& loop) {
  StartResult result = co_await source.start(1);
  if (result.worker) {
    result.worker->kill();
    verdict.ok = true;
    verdict.fresh = function.start == config::StartMode::fresh || source.forced_fresh();
    verdict.init = function.start == config::StartMode::fresh ? result.cold_start.init : source.init_time();
  } else {
    verdict.problem = coded(events::visible(result.failure.message), "E200");
    verdict.problem.where = function.name;
    verdict.problem.hint = events::visible(result.failure.hint);
  }
  if (--left == 0) loop.stop();
}

void print_verdict(const config::Function& function, const Verdict& verdict) {
  if (!verdict.ok) {
    fmt::print(stderr, "{}\n", verdict.problem.text());
    return;
  }
  fmt::print("{}: ok  {}  init {:.1f}ms  start {}\n", function.name, function.path,
             milliseconds(verdict.init), verdict.fresh ? "fresh" : "zygote");
  if (function.timeout > Duration(0) && function.timeout < verdict.init)
    fmt::print(stderr, "warning: {}: timeout {} is shorter than its init\n", function.name,
               config::format_duration(function.timeout));
}

Json problem_document(const config::Problem& problem) {
  return {
      {"code", problem.code}, {"where", problem.where}, {"message", problem.what}, {"hint", problem.hint}};
}

Json verdict_document(const config::Function& function, const Verdict& verdict) {
  Json document{{"name", function.name}, {"path", function.path}, {"ok", verdict.ok}};
  if (verdict.ok) {
    document["init_ms"] = milliseconds(verdict.init);
    document["start"] = verdict.fresh ? "fresh" : "zygote";
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

}  // namespace

int check(const CheckOptions& options) {
  const config::Loaded loaded = read_configuration(options.functions);
  if (!loaded.problems.empty()) return report_problems(loaded.problems, options.json);
  const std::vector<config::Function>& functions = loaded.config.functions;
  platform::survive_broken_pipes();
  platform::reap_children_automatically();
  Loop loop;
  Deadlines deadlines(loop.get_executor());
  const HostFacts host = explore_host(loop, deadlines, loaded.config.server.isolation);
  PrintedLog log;
  std::size_t left = functions.size();
  std::vector<Verdict> verdicts(functions.size());
  std::vector<std::unique_ptr<zygote::ZygoteSource>> sources;
  std::vector<zygote::ZygoteSource*> borrowed;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    sources.push_back(std::make_unique<zygote::ZygoteSource>(
        loop, deadlines,
        source_settings(functions[i], loaded.config.server, host, static_cast<std::uint32_t>(i)), log));
    borrowed.push_back(sources.back().get());
    spawn_detached(loop.get_executor(),
                   check_function(*sources.back(), functions[i], verdicts[i], left, loop));
  }
  if (left > 0) loop.run();
  end_processes(loop, borrowed);
  loop.abandon();
  bool ok = true;
  Json documents = Json::array();
  for (std::size_t i = 0; i < functions.size(); ++i) {
    ok = ok && verdicts[i].ok;
    documents.push_back(verdict_document(functions[i], verdicts[i]));
    if (!options.json) print_verdict(functions[i], verdicts[i]);
  }
  if (options.json) print_document(ok, Json::array(), documents);
  return ok ? kOk : kBadPlugin;
}

}  // namespace coffees::cli
