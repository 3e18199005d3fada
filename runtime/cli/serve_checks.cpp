#include "cli/serve_checks.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/host_check.h"
#include "worker/plugin_file.h"

namespace coffees::cli {

int check_libraries(const ServeOptions& options, const config::Config& configuration) {
  int exit_code = kOk;
  if (options.functions.libraries.empty()) return exit_code;
  for (const config::Function& function : configuration.functions) {
    const PluginFault fault = open_plugin(function.path).fault;
    if (fault.code.empty()) continue;
    exit_code = kBadPlugin;
    // Its own hint may speak of `path`, which is not set anywhere here.
    const std::string hint = fault.code == "E208" ? "name an existing file, or build it first" : fault.hint;
    fmt::print(stderr, "{}\n", config::Problem{fault.code, function.name, fault.message, hint}.text());
  }
  return exit_code;
}

int check_host(const config::Loaded& loaded, HostFacts& host) {
  if (loaded.config.server.isolation == config::IsolationWish::strict &&
      host.level != platform::isolation::Level::full) {
    fmt::print(
        stderr, "{}\n",
        config::Problem{"E103", "", "isolation = \"strict\" is not possible here: " + host.why_not_full,
                        "isolation = \"best\" takes what the host allows"}
            .text());
    return kNotIsolated;
  }
  const std::vector<config::Problem> problems = problems_here(loaded, host);
  for (const config::Problem& problem : problems) fmt::print(stderr, "{}\n", problem.text());
  if (!problems.empty()) return kUsage;
  for (Feature& feature : features_asked_for(loaded.config, host))
    host.features.push_back(std::move(feature));
  return kOk;
}

}  // namespace coffees::cli
