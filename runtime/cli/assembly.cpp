#include "cli/assembly.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <thread>

#include "cli/host_check.h"
#include "cli/host_facts.h"
#include "platform/identity.h"
#include "platform/memory_limit.h"
#include "platform/system_folders.h"
#include "scaler/fixed_keep_warm.h"

namespace coffees::cli {
namespace {

// RLIMIT_FSIZE stands in where no tmpfs sets a limit of its own, and must not be less than one that does.
std::uint64_t largest_file(const config::Function& function, platform::isolation::Level level) {
  const bool writes = std::any_of(function.files.begin(), function.files.end(),
                                  [](const config::FileEntry& entry) { return entry.write; });
  if (writes && level == platform::isolation::Level::full) return std::numeric_limits<std::uint64_t>::max();
  return std::max(function.tmp, function.shm);
}

platform::View view_of(const config::Function& function) {
  using Kind = platform::Shown::Kind;
  platform::View view;
  if (!function.path.empty()) view.plugin = std::filesystem::absolute(function.path).lexically_normal();
  for (const std::string& folder : platform::system_folders::configured_libraries())
    view.shown.push_back({Kind::if_present, folder, folder});
  const auto add = [&view](std::vector<platform::Shown> more) {
    for (platform::Shown& one : more) view.shown.push_back(std::move(one));
  };
  if (function.network == config::NetworkKind::host) add(platform::system_folders::for_network());
  if (function.programs) add(platform::system_folders::for_programs());
  for (const config::FileEntry& entry : function.files)
    view.shown.push_back({entry.write ? Kind::writable : Kind::read_only,
                          std::filesystem::absolute(entry.from).lexically_normal(), entry.to});
  return view;
}

}  // namespace

zygote::SourceSettings source_settings(const config::Function& function, const config::Server& server,
                                       const HostFacts& host, std::uint32_t index) {
  zygote::SourceSettings settings;
  const bool root = platform::identity::is_root();
  settings.process = {.function = function.name,
                      .index = static_cast<std::uint16_t>(index),
                      .max_body = server.max_body,
                      .memory = function.memory,
                      .own_pid_namespace = host.level == platform::isolation::Level::full};
  settings.sandbox.level = host.level;
  const HandlerIdentity identity = handler_identity(index, host);
  settings.sandbox.outside_user = identity.user;
  settings.sandbox.outside_group = identity.group;
  settings.sandbox.mapped_by_root = root;
  settings.sandbox.host_network = function.network == config::NetworkKind::host;
  settings.sandbox.tmp_size = function.tmp;
  settings.sandbox.shm_size = function.shm;
  settings.sandbox.processes = function.processes;
  settings.sandbox.limits = {.memory = function.memory,
                             .largest_file = largest_file(function, host.level),
                             .limit_memory = !platform::limits::built_with_sanitizer()};
  settings.worker_program = host.worker_program;
  settings.plugin = function.path;
  settings.view = view_of(function);
  for (const auto& [name, value] : function.env)
    settings.environment.push_back(std::string(name).append("=").append(value));
  for (const auto& [name, value] : secret_values(function))
    settings.environment.push_back(std::string(name).append("=").append(value));
  settings.fresh = function.start == config::StartMode::fresh;
  settings.init_timeout = function.init_timeout;
  return settings;
}

Assembly assemble(Loop& loop, TimerQueue& timers, const config::Config& configuration, const HostFacts& host,
                  LogSink& sink, events::EventLog& log, MemoryBudget& budget) {
  Assembly assembly;
  std::uint32_t index = 0;
  for (const config::Function& function : configuration.functions) {
    const scaler::Rules rules{.keep_warm = function.keep_warm,
                              .min_warm = function.min_warm,
                              .limit = function.limit,
                              .queue = function.queue};
    zygote::SourceSettings settings = source_settings(function, configuration.server, host, index);
    settings.process.budget = &budget;
    auto source = std::make_unique<zygote::ZygoteSource>(loop, timers, std::move(settings), sink);
    assembly.sources.push_back(source.get());
    assembly.catalog[function.name] = std::make_unique<WorkerPool>(
        loop, timers,
        PoolSettings{.function = function.name,
                     .index = static_cast<events::FunctionIndex>(index),
                     .rules = rules,
                     .timeout = function.timeout,
                     .queue_timeout = function.queue_timeout,
                     .max_requests = function.max_requests,
                     .reuse = function.reuse,
                     .processors = std::max(1U, std::thread::hardware_concurrency())},
        std::make_unique<scaler::FixedKeepWarm>(rules), std::move(source), log);
    ++index;
  }
  return assembly;
}

std::uint64_t memory_budget(const config::Server& server) {
  if (server.memory_budget != 0) return server.memory_budget;
  return std::max(platform::memory_limit() / 4, config::kBodiesInBudget * server.max_body);
}

http::Origins origins_of(const config::Config& configuration) {
  http::Origins::PerFunction functions;
  for (const config::Function& function : configuration.functions)
    if (!function.origins.empty()) functions[function.name] = function.origins;
  return {configuration.server.origins, std::move(functions)};
}

bool end_processes(Loop& loop, const std::vector<zygote::ZygoteSource*>& sources) {
  std::vector<int> processes;
  for (zygote::ZygoteSource* source : sources) {
    if (source->init_process() >= 0) processes.push_back(source->init_process());
    source->close();
  }
  loop.restart();
  loop.poll();
  return platform::wait_for_all(processes, std::chrono::seconds(2));
}

}  // namespace coffees::cli
