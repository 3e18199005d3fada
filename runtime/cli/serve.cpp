// coffees serve: the wiring diagram. Builds every part, runs, drains, stops.
#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/assembly.h"
#include "cli/commands.h"
#include "cli/host_facts.h"
#include "cli/server_file.h"
#include "config/units.h"
#include "console.h"
#include "front/http_server.h"
#include "platform/child_process.h"
#include "platform/limits.h"

namespace coffees::cli {
namespace {

using config::format_duration;

constexpr int kMostPortsTried = 50;

// One line per invocation: who, how, what came of it, and where the time went.
std::string invocation_line(const Outcome& outcome, std::string_view function, std::string_view request_id) {
  const auto ms = [](Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
  };
  const Timing& timing = outcome.timing;
  const std::string who = outcome.worker.empty() ? std::string(function) : outcome.worker;
  std::string line =
      fmt::format("{}  {:<14} {:<4} {}  {:.1f}ms", time_of_day(), who,
                  outcome.worker.empty() ? "-" : (outcome.cold ? "cold" : "warm"), front::status_of(outcome),
                  ms(timing.queue + timing.boot + timing.init + timing.exec));
  if (!outcome.worker.empty()) {
    line += fmt::format("  queue {:.1f}", ms(timing.queue));
    if (outcome.cold) line += fmt::format("  boot {:.1f}  init {:.1f}", ms(timing.boot), ms(timing.init));
    line += fmt::format("  exec {:.1f}", ms(timing.exec));
  }
  line += fmt::format("  {}", request_id);
  if (outcome.kind == Outcome::Kind::timeout)
    line += "  TIMEOUT: ";
  else if (outcome.kind != Outcome::Kind::ok)
    line += fmt::format("  {}: ", front::code_of(outcome.kind));
  return line + (outcome.type.empty() ? "" : outcome.type + ": ") + outcome.message;
}

void print_banner(Console& console, const config::Config& configuration, const HostFacts& host,
                  const std::string& url) {
  console.line(fmt::format("Cloud Coffees  {}  {} functions", url, configuration.functions.size()));
  for (const config::Function& function : configuration.functions)
    console.line(fmt::format("  {:<14} {}/{:<14} timeout {:<6} keep-warm {:<8} limit {}", function.name, url,
                             function.name, format_duration(function.timeout),
                             format_duration(function.keep_warm), function.limit));
  console.line(fmt::format("isolation: {}", platform::isolation::name_of(host.level)));
  for (const Feature& feature : host.features)
    console.line(fmt::format("  {:<20} {:<4} {}", feature.name, feature.on ? "on" : "off", feature.reason));
  console.line(fmt::format("try: curl -i -d '{{\"drink\":\"espresso\"}}' {}/{}   (Ctrl-C stops)", url,
                           configuration.functions.empty() ? "..." : configuration.functions.front().name));
}

// Brings up every function's init and zygote, all at once; a bad one is said and does not stop the others.
void prepare_all(Loop& loop, Console& console, const Assembly& assembly,
                 const config::Config& configuration) {
  for (std::size_t i = 0; i < assembly.sources.size(); ++i) {
    spawn_detached(
        loop.get_executor(),
        [](zygote::ZygoteSource& source, Pool& pool, std::string name,
           Console& out) -> Task<> {
          const Outcome outcome = co_await source.prepare();
          if (outcome.kind != Outcome::Kind::ok)
            out.line(fmt::format("error: {}: {}  (hint: {})", name, outcome.message, outcome.hint));
          else
            pool.open();
        }(*assembly.sources[i], *assembly.catalog.at(configuration.functions[i].name),
                         configuration.functions[i].name, console));
  }
}

// Drains once, stops at the second signal. Ends the loop. `exit_code` is set.
Task<> wait_for_signals(Loop& loop, front::HttpServer& server, Console& console, Duration drain,
                        int& exit_code) {
  asio::basic_signal_set<Executor> signals(loop.get_executor(), SIGTERM, SIGINT);
  co_await signals.async_wait(UseTask());
  console.line("stopping: new requests get 503, those under way may finish (once more to stop at once)");
  server.drain();
  spawn_detached(loop.get_executor(), [](Loop& until, front::HttpServer& of) -> Task<> {
    co_await of.wait_until_quiet();
    until.stop();
  }(loop, server));
  bool limit_passed = false;
  Timer limit(loop.get_executor(), drain);
  limit.async_wait([&](const ErrorCode& error) {
    if (error) return;
    limit_passed = true;
    signals.cancel();
  });
  ErrorCode ignored;
  co_await signals.async_wait(asio::redirect_error(UseTask(), ignored));
  console.line(limit_passed ? "stopped: `drain` has passed, what was under way is cut off"
                            : "stopped at once");
  exit_code = kCutOff;
  loop.stop();
}

ErrorCode listen(front::HttpServer& server, const config::Server& wanted, Console& console) {
  ErrorCode error = server.listen(wanted.host, wanted.port);
  if (error != asio::error::address_in_use || wanted.port_asked_for) return error;
  // Ports come in pairs: invoke and, next to it, admin.
  for (int i = 1; i <= kMostPortsTried && error == asio::error::address_in_use; ++i) {
    const auto port = static_cast<std::uint16_t>(wanted.port + 2 * i);
    error = server.listen(wanted.host, port);
    if (!error) console.line(fmt::format("port {} is taken; using {} instead", wanted.port, port));
  }
  return error;
}

void apply_flags(const ServeOptions& options, config::Server& server) {
  if (options.host) server.host = *options.host;
  if (options.port) {
    server.port = static_cast<std::uint16_t>(*options.port);
    server.port_asked_for = true;
  }
}

int report_listen_error(const ErrorCode& error, const config::Server& server) {
  const bool taken = error == asio::error::address_in_use;
  const config::Problem problem{
      taken ? "E101" : "E102", "",
      fmt::format("cannot listen on {}:{}: {}", server.host, server.port, error.message()),
      taken ? "use the server that runs there, or another port: coffees serve --port 0"
            : "`host` is an address of this machine, 127.0.0.1 for yourself only"};
  fmt::print(stderr, "{}\n", problem.text());
  return taken ? kPortTaken : kUsage;
}

}  // namespace

int serve(const ServeOptions& options) {
  std::optional<config::Config> configuration = load_configuration(options.functions);
  if (!configuration) return kUsage;
  apply_flags(options, configuration->server);
  platform::survive_broken_pipes();
  platform::reap_children_automatically();
  const std::uint64_t open_files = platform::limits::raise_open_files();

  Loop loop;
  Deadlines deadlines(loop.get_executor());
  Console console(loop.get_executor(), 2);
  const HostFacts host = explore_host(loop, deadlines, configuration->server.isolation);
  if (configuration->server.isolation == config::IsolationWish::strict &&
      host.level != platform::isolation::Level::full) {
    fmt::print(
        stderr, "{}\n",
        config::Problem{"E103", "", "isolation = \"strict\" is not possible here: " + host.why_not_full,
                        "isolation = \"best\" takes what the host allows"}
            .text());
    return kNotIsolated;
  }

  const LogSink log = [&console](std::string_view worker, std::string_view, std::string_view line) {
    console.line(fmt::format("{}  {:<14} | {}", time_of_day(), worker, line));
  };
  Assembly assembly = assemble(loop, deadlines, *configuration, host, log);
  const std::vector<zygote::ZygoteSource*> sources = assembly.sources;
  prepare_all(loop, console, assembly, *configuration);
  Dispatcher dispatcher(std::move(assembly.catalog));

  front::Observer observer;
  if (!options.quiet)
    observer = [&console](const Outcome& outcome, std::string_view function, std::string_view request_id) {
      console.line(invocation_line(outcome, function, request_id));
    };
  front::HttpServer server(
      loop, dispatcher,
      {.max_body = configuration->server.max_body,
       .access = front::AccessRules(configuration->server.hosts, configuration->server.host),
       .cancel_on_disconnect = options.cancel_on_disconnect,
       .max_connections = std::max<std::size_t>(open_files / 2, 64)},
      observer);
  if (const ErrorCode error = listen(server, configuration->server, console))
    return report_listen_error(error, configuration->server);
  const bool v6 = configuration->server.host.find(':') != std::string::npos;
  const std::string url = fmt::format("http://{}{}{}:{}", v6 ? "[" : "", configuration->server.host,
                                      v6 ? "]" : "", server.port());
  const ServerFile server_file(url);
  server.start();
  if (!options.quiet) print_banner(console, *configuration, host, url);
  console.flush();
  if (options.json) {
    fmt::print("{}\n", nlohmann::json{{"event", "ready"},
                                      {"url", url},
                                      {"port", server.port()},
                                      {"isolation", platform::isolation::name_of(host.level)}}
                           .dump());
    std::fflush(stdout);
  }

  int exit_code = kOk;
  spawn_detached(loop.get_executor(),
                 wait_for_signals(loop, server, console, configuration->server.drain, exit_code));
  loop.run();

  dispatcher.close();
  const bool all_ended = end_processes(loop, sources);
  console.flush();
  loop.abandon();
  return all_ended ? exit_code : kBug;
}

}  // namespace coffees::cli
