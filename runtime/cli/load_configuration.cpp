#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "cli/host_facts.h"
#include "platform/this_process.h"

namespace coffees::cli {
namespace {

constexpr const char* kFile = "coffees.toml";

// A link that leads nowhere and a file that may not be looked at are there: reading them says what is wrong.
bool is_there(const char* file) {
  std::error_code error;
  return std::filesystem::symlink_status(file, error).type() != std::filesystem::file_type::not_found;
}

bool is_menu(const FunctionsOptions& options) {
  return options.libraries.empty() && options.config.empty() && !is_there(kFile);
}

// A setting without its value, which may be a secret: "functions.hello.env.PASSWORD hunter2" has none.
std::string key_of(const std::string& setting) {
  const auto is_key = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  };
  return {setting.begin(), std::find_if_not(setting.begin(), setting.end(), is_key)};
}

config::Loaded read(const FunctionsOptions& options, const std::vector<config::Override>& overrides) {
  if (!options.libraries.empty()) return config::from_libraries(options.libraries, overrides);
  if (!options.config.empty()) return config::load_file(options.config, overrides);
  if (!is_menu(options)) return config::load_file(kFile, overrides);
  return config::load_file(program_directory() + "/functions/menu.toml", overrides);
}

}  // namespace

config::Loaded read_configuration(const FunctionsOptions& options) {
  std::vector<config::Override> overrides =
      config::from_environment(platform::this_process::variables_with_prefix("COFFEES_"));
  for (const std::string& text : options.set) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return {
          .config = {},
          .problems = {{"E302", "--set " + key_of(text), "has no value", "--set functions.hello.timeout=5s"}},
          .effective = {}};
    }
    overrides.push_back({text.substr(0, equals), text.substr(equals + 1), "--set"});
  }
  overrides.insert(overrides.end(), options.flags.begin(), options.flags.end());
  return read(options, overrides);
}

std::string notice_of_menu(const FunctionsOptions& options, const config::Config& configuration) {
  if (!is_menu(options)) return {};
  std::error_code error;
  std::vector<std::string> names;
  for (const config::Function& function : configuration.functions) names.push_back(function.name);
  return fmt::format(
      "{} does not exist; the functions are those of the built-in menu ({}); use --config FILE to name a "
      "file",
      (std::filesystem::current_path(error) / kFile).string(), fmt::join(names, ", "));
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
