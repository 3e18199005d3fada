// coffees serve: the wiring diagram. Builds every part, runs, drains, stops.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "admin/admin_server.h"
#include "cli/admin_token.h"
#include "cli/assembly.h"
#include "cli/banner.h"
#include "cli/commands.h"
#include "cli/host_facts.h"
#include "cli/observation.h"
#include "cli/ports.h"
#include "cli/serve_checks.h"
#include "cli/server_file.h"
#include "cli/server_signals.h"
#include "console.h"
#include "diagnostics/diagnostics.h"
#include "events/event_json.h"
#include "front/invoke_service.h"
#include "http/server.h"
#include "platform/child_process.h"
#include "platform/limits.h"
#include "platform/syscall.h"

namespace coffees::cli {
namespace {

// A thousand busy workers take five thousand, and each client one.
constexpr std::uint64_t kDescriptors = 16'384;

// The memory budget: an eighth is the admin port's, so that neither port can fill the other's part.
struct PortBudgets {
  explicit PortBudgets(std::uint64_t whole) : invoke(whole - whole / 8), admin(whole / 8) {}
  MemoryBudget invoke;
  MemoryBudget admin;
};

// Brings up every function's init and zygote, all at once; a bad one is an event and does not stop the
// others.
void prepare_all(Loop& loop, const Dispatcher& dispatcher, const std::vector<zygote::ZygoteSource*>& sources,
                 const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    spawn_detached(loop.get_executor(), [](zygote::ZygoteSource& source, WorkerPool& pool) -> Task<> {
      const Outcome outcome = co_await source.prepare();
      if (outcome.kind == Outcome::Kind::ok) pool.open();
    }(*sources[i], *dispatcher.catalog().at(names[i])));
  }
}

void say(Console& console, std::string_view line) {
  console.notice(line);
  console.flush();
  diagnostics::say(diagnostics::Room::server, diagnostics::Level::info, line);
}

// Drains once, stops at the second wish to stop. Ends the loop. `exit_code` is set.
Task<> wait_for_signals(Loop& loop, TimerQueue& timers, ServerSignals& signals, http::Server& server,
                        Dispatcher& dispatcher, Console& console, Duration drain, int& exit_code) {
  co_await signals.next_stop();
  say(console, "stopping: new requests get 503, those under way may finish (once more to stop at once)");
  dispatcher.drain();
  server.drain();
  spawn_detached(loop.get_executor(), [](Loop& until, http::Server& of) -> Task<> {
    co_await of.wait_until_quiet();
    until.stop();
  }(loop, server));
  Deadline limit(timers, [&] { signals.cancel(); });
  limit.arm(timers.now() + drain);
  const bool at_once = co_await signals.next_stop();
  say(console, at_once ? "stopped at once" : "stopped: `drain` has passed, what was under way is cut off");
  exit_code = kCutOff;
  loop.stop();
}

std::vector<std::string> names_of(const config::Config& configuration) {
  std::vector<std::string> names;
  for (const config::Function& function : configuration.functions) names.push_back(function.name);
  return names;
}

// What the operating system lets this process do. Returns how many descriptors it may have open.
std::uint64_t prepare_process() {
  platform::survive_broken_pipes();
  platform::reap_children_automatically();
  const std::uint64_t open_files = platform::limits::raise_open_files();
  platform::limits::prepare_descriptors(kDescriptors);
  return open_files;
}

void greet(const ServeOptions& options, const config::Config& configuration, const HostFacts& host,
           const std::string& url, const std::string& admin_url, Console& console) {
  if (const std::string notice = notice_of_menu(options.functions, configuration); !notice.empty())
    console.notice(notice);
  if (!options.quiet && options.log_format == "text")
    print_banner(console, configuration, host, url, admin_url);
  console.flush();
  diagnostics::say(
      diagnostics::Room::server, diagnostics::Level::info,
      fmt::format("coffees {} serves {} functions at {}, isolation {}", COFFEES_VERSION,
                  configuration.functions.size(), url, platform::isolation::name_of(host.level)));
}

http::ServerSettings server_settings(const config::Server& server, std::uint64_t open_files,
                                     MemoryBudget& budget) {
  http::ServerSettings settings;
  settings.limits.max_body = server.max_body;
  settings.limits.min_upload = server.min_upload;
  settings.max_connections = std::max<std::size_t>(open_files / 2, 64);
  settings.linger = server.linger;
  settings.budget = &budget;
  return settings;
}

front::InvokeSettings invoke_settings(const ServeOptions& options, const config::Config& configuration) {
  const config::Server& server = configuration.server;
  return {.access = http::AccessRules(server.hosts, server.host, origins_of(configuration)),
          .cancel_on_disconnect = options.cancel_on_disconnect,
          .trusted_proxies = AddressSet(server.trusted_proxies)};
}

admin::GuardSettings guard_settings(const config::Server& server, const std::string& made_token) {
  return {.access = http::AccessRules(server.hosts, server.admin_host),
          .token = made_token.empty() ? server.admin_token : made_token};
}

using Followers = std::vector<std::unique_ptr<events::Follower>>;

// Nothing, said on standard error, when the recording's file cannot be opened.
std::optional<Followers> start_views(const ServeOptions& options, const events::EventLog& log,
                                     Console& console, const std::string& digest,
                                     const std::atomic<std::uint32_t>& reopenings) {
  try {
    return start_followers(options, log, console, digest, reopenings);
  } catch (const platform::SystemError& error) {
    fmt::print(
        stderr, "{}\n",
        config::Problem{"E108", "", error.what(), "--record FILE names a file that can be written"}.text());
    return std::nullopt;
  }
}

// False, said on standard error, when the log file cannot be opened.
bool start_diagnostics(std::optional<diagnostics::Diagnostics>& diagnostics, const ServeOptions& options,
                       const config::Server& server, Console& console) {
  try {
    diagnostics.emplace(diagnostics::Settings{.least = static_cast<diagnostics::Level>(server.log_level),
                                              .json = options.log_format == "json",
                                              .file = server.log_file,
                                              .file_size = server.log_file_size,
                                              .files = server.log_files},
                        console);
    return true;
  } catch (const std::runtime_error& error) {
    fmt::print(
        stderr, "{}\n",
        config::Problem{"E108", "", error.what(), "log_file of [server] names a file that can be written"}
            .text());
    return false;
  }
}

// Their threads have shown all events when this returns.
void end_views(events::EventLog& log, admin::AdminServer& admin, Followers& followers, Console& console) {
  admin.close_bridge();
  log.close();
  admin.stop();
  followers.clear();
  console.flush();
}

// The one line on standard output that tells a program which ports were taken.
void print_ready(const std::string& url, std::uint16_t port, const std::string& admin_url,
                 std::uint16_t admin_port, platform::isolation::Level level) {
  fmt::print("{}\n", nlohmann::json{{"event", "ready"},
                                    {"url", url},
                                    {"port", port},
                                    {"admin_url", admin_url},
                                    {"admin_port", admin_port},
                                    {"isolation", platform::isolation::name_of(level)}}
                         .dump());
  std::fflush(stdout);
}

}  // namespace

int serve(const ServeOptions& options) {
  const std::optional<config::Loaded> loaded = load_configuration(options.functions);
  if (!loaded) return kUsage;
  const config::Config& configuration = loaded->config;
  if (const int refused = check_libraries(options, configuration); refused != kOk) return refused;
  const std::string digest = config::digest(loaded->effective);
  const std::uint64_t open_files = prepare_process();

  const SystemClock clock;
  PortBudgets budgets(memory_budget(configuration.server));
  Loop loop;
  std::atomic<std::uint32_t> reopenings{0};
  Console console(options.in_background ? -1 : 2,
                  options.log_format == "json" ? &events::EventJson::notice : nullptr);
  std::optional<diagnostics::Diagnostics> diagnostics;
  if (!start_diagnostics(diagnostics, options, configuration.server, console)) return kUsage;
  ServerSignals signals(loop, [&] {
    ++reopenings;
    if (options.record.empty())
      say(console, "SIGHUP: there is no --record to reopen; nothing else is read again");
  });
  TimerQueue timers(loop.get_executor(), clock);
  HostFacts host = explore_host(loop, timers, configuration.server.isolation);
  if (const int refused = check_host(*loaded, host); refused != kOk) return refused;
  events::EventLog log(timers, names_of(configuration));
  LoggedOutput output(log);
  Assembly assembly = assemble(loop, timers, configuration, host, output, log, budgets.invoke);
  const std::vector<zygote::ZygoteSource*>& sources = assembly.sources;
  Dispatcher dispatcher(std::move(assembly.catalog), log, clock);
  log.on_stats([&dispatcher] { return admin::read_stats(dispatcher); });

  front::InvokeService invoke_service(dispatcher, timers, invoke_settings(options, configuration));
  http::Server front(loop, timers, invoke_service,
                     server_settings(configuration.server, open_files, budgets.invoke));
  const std::string made_token = make_token_if_needed(configuration);
  admin::AdminServer admin(guard_settings(configuration.server, made_token),
                           std::clamp<std::size_t>(open_files / 8, 64, 1024), budgets.admin);
  if (const std::optional<int> failed = take_ports(front, admin, configuration.server, console))
    return *failed;
  const std::string url = url_of(configuration.server.host, front.port());
  const std::string admin_url = url_of(configuration.server.admin_host, admin.port());
  invoke_service.set_admin_url(admin_url);
  std::optional<ServerFile> server_file;
  if (!options.in_background) server_file.emplace(url, admin_url, made_token);
  if (!made_token.empty()) tell_where_token_is(admin, server_file ? server_file->path() : "", console);
  std::optional<Followers> followers = start_views(options, log, console, digest, reopenings);
  if (!followers) return kUsage;
  greet(options, configuration, host, url, admin_url, console);
  prepare_all(loop, dispatcher, sources, log.functions());
  front.start();
  admin.start({.dispatcher = dispatcher,
               .log = log,
               .budget = budgets.invoke,
               .admin_budget = budgets.admin,
               .configuration = configuration,
               .isolation = isolation_document(host, configuration),
               .effective = config_document(loaded->effective),
               .version = COFFEES_VERSION,
               .digest = digest,
               .invoke_url = url},
              loop);
  if (options.json) print_ready(url, front.port(), admin_url, admin.port(), host.level);

  int exit_code = kOk;
  spawn_detached(loop.get_executor(), wait_for_signals(loop, timers, signals, front, dispatcher, console,
                                                       configuration.server.drain, exit_code));
  loop.run();

  dispatcher.close();
  const bool all_ended = end_processes(loop, sources);
  end_views(log, admin, *followers, console);
  loop.abandon();
  return all_ended ? exit_code : kBug;
}

}  // namespace coffees::cli
