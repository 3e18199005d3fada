#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "cli/host_facts.h"

namespace coffees::cli {
namespace {

config::Loaded read(const FunctionsOptions& options) {
  if (!options.libraries.empty()) return config::from_libraries(options.libraries);
  if (!options.config.empty()) return config::load_file(options.config);
  if (std::filesystem::exists("coffees.toml")) return config::load_file("coffees.toml");
  return config::load_file(program_directory() + "/functions/menu.toml");
}

}  // namespace

std::optional<config::Config> load_configuration(const FunctionsOptions& options) {
  config::Loaded loaded = read(options);
  for (const config::Problem& problem : loaded.problems) fmt::print(stderr, "{}\n", problem.text());
  if (!loaded.problems.empty()) return std::nullopt;
  config::IsolationWish& wish = loaded.config.server.isolation;
  if (options.isolation == "best") wish = config::IsolationWish::best;
  if (options.isolation == "strict") wish = config::IsolationWish::strict;
  if (options.isolation == "none") wish = config::IsolationWish::none;
  return std::move(loaded.config);
}

}  // namespace coffees::cli
