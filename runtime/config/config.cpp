#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "config/keys.h"
#include "config/units.h"

#include <toml++/toml.h>

namespace coffees::config {
namespace {

// Reads the tables of one file into a Config and notes everything that is wrong on the way.
class Reader {
 public:
  Reader(std::string name, std::string directory)
      : name_(std::move(name)), directory_(std::move(directory)) {}

  Loaded read(const toml::table& root) {
    Function defaults;
    if (const toml::node* node = root.get("defaults"))
      read_keys(*node, function_keys(), defaults, "[defaults]", true);
    for (const auto& [key, node] : root) {
      if (key == "defaults") continue;
      if (key == "server") {
        read_keys(node, server_keys(), loaded_.config.server, "[server]", false);
      } else if (key == "functions") {
        read_functions(node, defaults);
      } else if (key == "version") {
        if (node.value<std::int64_t>() != 1)
          problem("E302", node, "version is not 1, the only one that this coffees knows", "version = 1");
      } else {
        unknown(key, {"version", "server", "defaults", "functions"}, "the file");
      }
    }
    auto& functions = loaded_.config.functions;
    std::sort(functions.begin(), functions.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return std::move(loaded_);
  }

 private:
  std::string position(const toml::source_region& source) const {
    return fmt::format("{}:{}:{}", name_, source.begin.line, source.begin.column);
  }
  void problem(const char* code, const toml::node& node, std::string what, std::string hint) {
    loaded_.problems.push_back({code, position(node.source()), std::move(what), std::move(hint)});
  }
  void unknown(const toml::key& key, const std::vector<std::string>& known, const std::string& where) {
    const std::string meant = did_you_mean(key.str(), known);
    loaded_.problems.push_back({"E303", position(key.source()),
                                fmt::format("unknown key '{}' in {}", key.str(), where),
                                meant.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                                              : fmt::format("did you mean '{}'?", meant)});
  }

  template <typename Target>
  void read_keys(const toml::node& node, const std::vector<Key<Target>>& keys, Target& target,
                 const std::string& where, bool defaults) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      return problem("E302", node, where + " is not a table", "write " + where + " on a line of its own");
    for (const auto& [name, value] : *table) {
      const auto key =
          std::find_if(keys.begin(), keys.end(), [&name = name](const auto& k) { return name == k.name; });
      if (key == keys.end() || (defaults && key->only_per_function)) {
        std::vector<std::string> known;
        for (const auto& k : keys)
          if (!(defaults && k.only_per_function)) known.emplace_back(k.name);
        unknown(name, known, where);
        continue;
      }
      if (const std::string hint = key->read(value, target); !hint.empty()) {
        std::ostringstream text;
        value.visit([&text](const auto& concrete) { text << concrete; });
        problem("E302", value, fmt::format("{} = {} {}", key->name, text.str(), key->complaint(value)), hint);
      }
    }
  }

  void read_functions(const toml::node& node, const Function& defaults) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return problem("E302", node, "functions is not a table", "write [functions.NAME]");
    for (const auto& [name, value] : *table) {
      Function function = defaults;
      function.name = name.str();
      if (!is_function_name(function.name)) {
        loaded_.problems.push_back(
            {"E304", position(name.source()), fmt::format("'{}' cannot be a function's name", function.name),
             "letters, digits, - and _, at most 64, not starting with _; healthz and readyz are taken"});
        continue;
      }
      const std::size_t before = loaded_.problems.size();
      read_keys(value, function_keys(), function, "[functions." + function.name + "]", false);
      if (loaded_.problems.size() == before) check(value, function);
      if (!function.path.empty())
        function.path = (std::filesystem::path(directory_) / function.path).lexically_normal();
      loaded_.config.functions.push_back(std::move(function));
    }
  }

  void check(const toml::node& node, const Function& function) {
    const std::string where = "[functions." + function.name + "]";
    if (function.path.empty())
      problem("E305", node, where + " has no path", "path = \"build/" + function.name + ".so\"");
    if (function.min_warm > function.limit)
      problem("E306", node,
              fmt::format("{}: min_warm = {} is above limit = {}", where, function.min_warm, function.limit),
              "lower min_warm or raise limit");
  }

  std::string name_;
  std::string directory_;
  Loaded loaded_;
};

}  // namespace

std::string Problem::text() const {
  std::string text = fmt::format("error[{}]: {}{}{}", code, where, where.empty() ? "" : ": ", what);
  if (!hint.empty()) text += "\n  hint: " + hint;
  return text;
}

Loaded load_text(const std::string& text, const std::string& name, const std::string& directory) {
  try {
    return Reader(name, directory).read(toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    return {{},
            {{"E301", fmt::format("{}:{}:{}", name, error.source().begin.line, error.source().begin.column),
              std::string(error.description()), "the format is TOML: https://toml.io"}}};
  }
}

Loaded load_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || std::filesystem::is_directory(path) || !(text << file.rdbuf()))
    return {{}, {{"E300", path, "this configuration file cannot be read", "name another one with --config"}}};
  return load_text(text.str(), path, std::filesystem::path(path).parent_path().string());
}

Loaded from_libraries(const std::vector<std::string>& paths) {
  Loaded loaded;
  for (const std::string& path : paths) {
    Function function;
    function.name = std::filesystem::path(path).stem().string();
    function.path = path;
    if (!is_function_name(function.name))
      loaded.problems.push_back(
          {"E304", path, "this file's name cannot be a function's name", "name it in a coffees.toml"});
    loaded.config.functions.push_back(std::move(function));
  }
  return loaded;
}

bool is_function_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && name[0] != '_' &&
         std::all_of(name.begin(), name.end(), allowed) && name != "healthz" && name != "readyz" &&
         name != "2015-03-31";
}

}  // namespace coffees::config
