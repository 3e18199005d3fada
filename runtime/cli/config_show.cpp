// coffees config show: the configuration in effect; coffees config schema: what there is to configure;
// coffees version.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/observation.h"

namespace coffees::cli {

int config_show(const ConfigOptions& options) {
  const std::optional<config::Loaded> loaded = load_configuration(options.functions);
  if (!loaded) return kUsage;
  if (const std::string notice = notice_of_menu(options.functions, loaded->config); !notice.empty())
    fmt::print(stderr, "note: {}\n", notice);
  if (options.json) {
    fmt::print("{}\n", config_document(loaded->effective).dump());
    return kOk;
  }
  std::string table;
  for (const config::Effective& one : loaded->effective) {
    const std::size_t dot = one.key.rfind('.');
    if (one.key.substr(0, dot) != table) {
      fmt::print("{}[{}]\n", table.empty() ? "" : "\n", one.key.substr(0, dot));
      table = one.key.substr(0, dot);
    }
    std::string line = fmt::format("{} = {}", one.key.substr(dot + 1), one.value);
    // Read as a configuration it would be an error.
    if (!one.no_effect.empty()) line = fmt::format("# {}  # no effect: {}", line, one.no_effect);
    if (options.origin)
      fmt::print("{:<36} # {}\n", line, one.origin);
    else
      fmt::print("{}\n", line);
  }
  return kOk;
}

int config_schema() {
  fmt::print("{}", config::schema());
  return kOk;
}

int version(bool json) {
  if (json)
    fmt::print("{}\n", nlohmann::json{{"version", COFFEES_VERSION}, {"compiler", __VERSION__}}.dump());
  else
    fmt::print("coffees {}\n", COFFEES_VERSION);
  return kOk;
}

}  // namespace coffees::cli
