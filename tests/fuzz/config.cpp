// Any bytes as a coffees.toml. After a zero byte: overrides, KEY=VALUE each, with a zero byte between them;
// those whose key begins with COFFEES_ come through the environment.
#include "config/config.h"

#include <fmt/format.h>

#include "base/function_name.h"
#include "base/units.h"
#include "fuzz/targets.h"

namespace coffees::fuzz {
namespace {

std::string_view take_part(std::string_view& input) {
  const std::size_t end = input.find('\0');
  const std::string_view part = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  return part;
}

std::vector<config::Override> read_overrides(std::string_view input) {
  std::vector<config::Override> overrides;
  std::vector<std::pair<std::string, std::string>> variables;
  while (!input.empty()) {
    const std::string_view part = take_part(input);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string key(part.substr(0, equals));
    const std::string value(part.substr(equals + 1));
    if (key.starts_with("COFFEES_"))
      variables.emplace_back(key, value);
    else
      overrides.push_back({key, value, "--set"});
  }
  for (config::Override& variable : config::from_environment(variables))
    overrides.push_back(std::move(variable));
  return overrides;
}

void check_problems(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) {
    require(problem.code.size() == 4 && problem.code.starts_with("E3"), "a problem has a code");
    require(!problem.where.empty() && !problem.what.empty() && !problem.hint.empty(),
            "a problem says where and what it is, and what to do: " + problem.text());
  }
}

void check_values(const config::Config& config) {
  require(config.server.max_body > 0, "max_body is not zero");
  require(config::is_loopback(config.server.admin_host) || !config.server.admin_token.empty(),
          "an admin port that others reach has a token");
  for (std::size_t i = 0; i < config.functions.size(); ++i) {
    const config::Function& function = config.functions[i];
    require(is_function_name(function.name), "a function has a name that can be called");
    require(i == 0 || config.functions[i - 1].name < function.name, "functions are sorted, each there once");
    require(!function.path.empty(), "a function has a path");
    require(function.limit >= 1 && function.min_warm <= function.limit, "min_warm fits into limit");
    require(function.timeout.count() != 0 && function.init_timeout.count() > 0 &&
                function.keep_warm.count() >= 0 && function.queue_timeout.count() >= 0,
            "durations are not below what makes sense");
    require(function.memory >= 8ULL << 20 && function.processes >= 1, "a worker can live within its limits");
    for (const auto& [name, value] : function.env)
      require(!name.empty() && name.find_first_of(std::string_view("=\0", 2)) == std::string::npos &&
                  value.find('\0') == std::string::npos && !name.starts_with("LD_"),
              "an environment variable is one that may be set");
  }
}

// What `coffees config show` prints is a coffees.toml that means the same.
void check_shown(const config::Loaded& loaded) {
  std::string text;
  std::string table;
  for (const config::Effective& value : loaded.effective) {
    if (value.origin == "default" || !value.no_effect.empty()) continue;
    const std::size_t dot = value.key.rfind('.');
    if (value.key.substr(0, dot) != table) {
      table = value.key.substr(0, dot);
      text += fmt::format("[{}]\n", table);
    }
    const bool hidden = value.value == "\"(hidden)\"" && value.key == "server.admin_token";
    text += fmt::format("{} = {}\n", value.key.substr(dot + 1), hidden ? "\"any\"" : value.value);
  }
  const config::Loaded again = config::load_text(text, "shown", "/srv");
  require(again.problems.empty(),
          "what is shown can be read:\n" + text + (again.problems.empty() ? "" : again.problems[0].text()));
  require(again.effective.size() == loaded.effective.size(), "what is shown has every function: " + text);
  for (std::size_t i = 0; i < again.effective.size(); ++i)
    require(again.effective[i].value == loaded.effective[i].value || !loaded.effective[i].no_effect.empty(),
            fmt::format("what is shown means what it says: {} = {}, not {}", loaded.effective[i].key,
                        again.effective[i].value, loaded.effective[i].value));
  require(config::digest(again.effective) == config::digest(loaded.effective), "equal values, equal digest");
}

}  // namespace

void config(std::string_view input) {
  const std::string text(take_part(input));
  const config::Loaded loaded = config::load_text(text, "coffees.toml", "/srv", read_overrides(input));
  check_problems(loaded.problems);
  if (!loaded.problems.empty()) return;
  require(!loaded.effective.empty(), "without a problem there are values in effect");
  check_values(loaded.config);
  check_shown(loaded);
}

}  // namespace coffees::fuzz
