#include "cli/assembly.h"

#include "cli/host_facts.h"
#include "platform/identity.h"
#include "scaler/fixed_keep_warm.h"

namespace coffees::cli {
namespace {

// systemd leaves these to programs (https://systemd.io/UIDS-GIDS): 60706 up to 61183, one per function.
constexpr std::uint32_t kFirstUser = 60706;
constexpr std::uint32_t kUsers = 478;

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
  settings.sandbox.outside_user = root ? kFirstUser + index % kUsers : platform::identity::user();
  settings.sandbox.outside_group = root ? kFirstUser + index % kUsers : platform::identity::group();
  settings.sandbox.mapped_by_root = root;
  settings.sandbox.tmp_size = function.tmp;
  settings.sandbox.processes = function.processes;
  settings.sandbox.limits = {.memory = function.memory,
                             .largest_file = function.tmp,
                             .limit_memory = !platform::limits::built_with_sanitizer()};
  settings.worker_program = host.worker_program;
  settings.plugin = function.path;
  for (const auto& [name, value] : function.env)
    settings.environment.push_back(std::string(name).append("=").append(value));
  settings.fresh = function.start == config::StartMode::fresh;
  settings.init_timeout = function.init_timeout;
  return settings;
}

Assembly assemble(Loop& loop, Deadlines& deadlines, const config::Config& configuration,
                  const HostFacts& host, LogSink& sink, events::EventLog& log) {
  Assembly assembly;
  std::uint32_t index = 0;
  for (const config::Function& function : configuration.functions) {
    const scaler::Rules rules{.keep_warm = function.keep_warm,
                              .min_warm = function.min_warm,
                              .limit = function.limit,
                              .queue = function.queue};
    auto source = std::make_unique<zygote::ZygoteSource>(
        loop, deadlines, source_settings(function, configuration.server, host, index), sink);
    assembly.sources.push_back(source.get());
    assembly.catalog[function.name] =
        std::make_unique<Pool>(loop, deadlines,
                               PoolSettings{.function = function.name,
                                            .index = static_cast<events::FunctionIndex>(index),
                                            .rules = rules,
                                            .timeout = function.timeout,
                                            .queue_timeout = function.queue_timeout,
                                            .max_requests = function.max_requests,
                                            .reuse = function.reuse},
                               std::make_unique<scaler::FixedKeepWarm>(rules), std::move(source), log);
    ++index;
  }
  return assembly;
}

front::Origins origins_of(const config::Config& configuration) {
  front::Origins::PerFunction functions;
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
