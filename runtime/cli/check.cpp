// coffees check: is the configuration right, and can every handler library be loaded and initialised?
#include <fmt/format.h>

#include <cstdio>

#include "cli/assembly.h"
#include "cli/commands.h"
#include "cli/host_facts.h"
#include "config/units.h"
#include "events/event_text.h"
#include "platform/child_process.h"

namespace coffees::cli {
namespace {

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

// "E204: path has no ..." comes apart again into the parts of an error message.
void print_failure(const std::string& function, const Outcome& outcome) {
  std::string code = "E200";
  std::string what = outcome.message;
  if (what.size() > 6 && what[0] == 'E' && what[4] == ':') {
    code = what.substr(0, 4);
    what = what.substr(6);
  }
  fmt::print(stderr, "{}\n", config::Problem{code, function, what, outcome.hint}.text());
}

// What the libraries print while they are loaded.
class PrintedLog : public LogSink {
 public:
  void line(const LogOrigin& origin, std::string_view, std::string_view line) override {
    fmt::print(stderr, "{} | {}\n", origin.name, events::visible(line));
  }
  void note(const LogOrigin& origin, std::string_view, std::string_view text) override {
    fmt::print(stderr, "{}: {}\n", origin.name, text);
  }
};

// Starts one worker, as a first request would: whatever can go wrong before the handler is called goes wrong
// here.
Task<> check_function(zygote::ZygoteSource& source, const config::Function& function, std::size_t& left,
                      bool& failed, Loop& loop) {
  StartResult result = co_await source.start(1);
  if (result.worker) {
    result.worker->kill();
    const Duration init =
        function.start == config::StartMode::fresh ? result.cold_start.init : source.init_time();
    fmt::print("{}: ok  {}  init {:.1f}ms  start {}\n", function.name, function.path, milliseconds(init),
               function.start == config::StartMode::fresh || source.forced_fresh() ? "fresh" : "zygote");
    if (function.timeout > Duration(0) && function.timeout < init)
      fmt::print(stderr, "warning: {}: timeout {} is shorter than its init\n", function.name,
                 config::format_duration(function.timeout));
  } else {
    failed = true;
    print_failure(function.name, result.failure);
  }
  if (--left == 0) loop.stop();
}

}  // namespace

int check(const CheckOptions& options) {
  const std::optional<config::Loaded> loaded = load_configuration(options.functions);
  if (!loaded) return kUsage;
  const config::Config* configuration = &loaded->config;
  platform::survive_broken_pipes();
  platform::reap_children_automatically();
  Loop loop;
  Deadlines deadlines(loop.get_executor());
  const HostFacts host = explore_host(loop, deadlines, configuration->server.isolation);
  PrintedLog log;
  std::size_t left = configuration->functions.size();
  bool failed = false;
  std::vector<std::unique_ptr<zygote::ZygoteSource>> sources;
  std::vector<zygote::ZygoteSource*> borrowed;
  for (std::size_t i = 0; i < configuration->functions.size(); ++i) {
    const config::Function& function = configuration->functions[i];
    sources.push_back(std::make_unique<zygote::ZygoteSource>(
        loop, deadlines,
        source_settings(function, configuration->server, host, static_cast<std::uint32_t>(i)), log));
    borrowed.push_back(sources.back().get());
    spawn_detached(loop.get_executor(), check_function(*sources.back(), function, left, failed, loop));
  }
  if (left > 0) loop.run();
  end_processes(loop, borrowed);
  loop.abandon();
  return failed ? kBadPlugin : kOk;
}

}  // namespace coffees::cli
