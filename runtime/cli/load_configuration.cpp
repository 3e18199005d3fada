#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "cli/host_facts.h"
#include "platform/this_process.h"

namespace coffees::cli {
namespace {

config::Loaded read(const FunctionsOptions& options, const std::vector<config::Override>& overrides) {
  if (!options.libraries.empty()) return config::from_libraries(options.libraries, overrides);
  if (!options.config.empty()) return config::load_file(options.config, overrides);
  if (std::filesystem::exists("coffees.toml")) return config::load_file("coffees.toml", overrides);
  return config::load_file(program_directory() + "/functions/menu.toml", overrides);
}

}  // namespace

config::Loaded read_configuration(const FunctionsOptions& options) {
  std::vector<config::Override> overrides =
      config::from_environment(platform::this_process::variables_with_prefix("COFFEES_"));
  for (const std::string& text : options.set) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return {.config = {},
              .problems = {{"E302", "--set " + text, "has no value", "--set functions.hello.timeout=5s"}},
              .effective = {}};
    }
    overrides.push_back({text.substr(0, equals), text.substr(equals + 1), "--set"});
  }
  overrides.insert(overrides.end(), options.flags.begin(), options.flags.end());
  return read(options, overrides);
}

std::optional<config::Loaded> load_configuration(const FunctionsOptions& options) {
  config::Loaded loaded = read_configuration(options);
  for (const config::Problem& problem : loaded.problems) fmt::print(stderr, "{}\n", problem.text());
  if (!loaded.problems.empty()) return std::nullopt;
  return loaded;
}

config::Problem coded(const std::string& message, const std::string& otherwise) {
  const bool has_code = message.size() > 6 && message[0] == 'E' && message[4] == ':';
  return {.code = has_code ? message.substr(0, 4) : otherwise,
          .where = {},
          .what = has_code ? message.substr(6) : message,
          .hint = {}};
}

}  // namespace coffees::cli
