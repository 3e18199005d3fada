#include "config/read_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "base/function_name.h"
#include "base/suggest.h"
#include "base/units.h"
#include "config/keys.h"
#include "config/no_effect.h"

namespace coffees::config {
namespace {

// Reads the tables of a configuration into a Config and notes everything that is wrong on the way.
class Reader {
 public:
  Reader(std::string name, std::string directory, Origins origins)
      : name_(std::move(name)), directory_(std::move(directory)), origins_(std::move(origins)) {}

  Loaded read(const toml::table& root) {
    Function defaults;
    if (const toml::node* node = root.get("defaults"))
      read_keys(*node, function_keys(), defaults, "defaults", true);
    for (const auto& [key, node] : root) {
      if (key == "defaults") continue;
      if (key == "server") {
        read_keys(node, server_keys(), loaded_.config.server, "server", false);
      } else if (key == "functions") {
        read_functions(node, defaults);
      } else if (key == "version") {
        if (node.value<std::int64_t>() != 1)
          problem("E302", place(node, "version"), "version is not 1, the only one that this coffees knows",
                  "version = 1");
      } else {
        unknown(key, "", {"version", "server", "defaults", "functions"}, "the configuration");
      }
    }
    auto& functions = loaded_.config.functions;
    std::sort(functions.begin(), functions.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    check_server();
    if (loaded_.problems.empty()) list_effective();
    return std::move(loaded_);
  }

 private:
  // Where a value was set: an origin that is no file, else its place in the file.
  std::string place(const toml::source_region& source, const std::string& key) const {
    const auto origin = origins_.lower_bound(key);
    const bool itself = origin != origins_.end() && origin->first == key;
    // A table that is in no file is there for a value in it.
    const auto inside = origins_.lower_bound(key + ".");
    const bool only_for_it =
        source.begin.line == 0 && inside != origins_.end() && inside->first.starts_with(key + ".");
    if (itself) return origin->second;
    if (only_for_it) return inside->second;
    return source.begin.line == 0 ? name_
                                  : fmt::format("{}:{}:{}", name_, source.begin.line, source.begin.column);
  }
  std::string place(const toml::node& node, const std::string& key) const {
    return place(node.source(), key);
  }
  void problem(const char* code, std::string where, std::string what, std::string hint) {
    loaded_.problems.push_back({code, std::move(where), std::move(what), std::move(hint)});
  }
  void unknown(const toml::key& key, const std::string& table, const std::vector<std::string>& known,
               const std::string& where) {
    const std::string meant = did_you_mean(key.str(), known);
    const std::string path = table + (table.empty() ? "" : ".") + std::string(key.str());
    problem("E303", place(key.source(), path), fmt::format("unknown key '{}' in {}", key.str(), where),
            meant.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                          : fmt::format("did you mean '{}'?", meant));
  }

  template <typename Target>
  void read_keys(const toml::node& node, const std::vector<Key<Target>>& keys, Target& target,
                 const std::string& prefix, bool defaults) {
    const std::string where = "[" + prefix + "]";
    const toml::table* table = node.as_table();
    if (table == nullptr)
      return problem("E302", place(node, prefix), where + " is not a table",
                     "write " + where + " on a line of its own");
    for (const auto& [name, value] : *table) {
      const auto key =
          std::find_if(keys.begin(), keys.end(), [&name = name](const auto& k) { return name == k.name; });
      if (key == keys.end() || (defaults && key->only_per_function)) {
        std::vector<std::string> known;
        for (const auto& k : keys)
          if (!(defaults && k.only_per_function)) known.emplace_back(k.name);
        unknown(name, prefix, known, where);
        continue;
      }
      const std::string path = prefix + "." + key->name;
      set_at_[path] = place(value, path);
      if (const std::string hint = key->read(value, target); !hint.empty()) {
        std::ostringstream text;
        value.visit([&text](const auto& concrete) { text << concrete; });
        problem("E302", set_at_[path],
                fmt::format("{} = {} {}", key->name, key->hidden ? "(hidden)" : text.str(),
                            key->complaint(value)),
                hint);
      }
    }
  }

  void read_functions(const toml::node& node, const Function& defaults) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      return problem("E302", place(node, "functions"), "functions is not a table", "write [functions.NAME]");
    for (const auto& [name, value] : *table) {
      Function function = defaults;
      function.name = name.str();
      const std::string prefix = "functions." + function.name;
      if (!is_function_name(function.name)) {
        problem("E304", place(name.source(), prefix),
                fmt::format("'{}' cannot be a function's name", function.name),
                "letters, digits, - and _, at most 64, not starting with _; healthz and readyz are taken");
        continue;
      }
      const std::size_t before = loaded_.problems.size();
      read_keys(value, function_keys(), function, prefix, false);
      if (loaded_.problems.size() == before) {
        check(place(value, prefix), function);
        check_effects(function);
      }
      if (!function.path.empty())
        function.path = (std::filesystem::path(directory_) / function.path).lexically_normal();
      for (FileEntry& entry : function.files)
        entry.from = (std::filesystem::path(directory_) / entry.from).lexically_normal();
      for (auto& [variable, source] : function.secrets)
        if (source.kind == SecretSource::Kind::file)
          source.name = (std::filesystem::path(directory_) / source.name).lexically_normal();
      loaded_.config.functions.push_back(std::move(function));
    }
  }

  void check(const std::string& place, const Function& function) {
    const std::string where = "[functions." + function.name + "]";
    if (function.path.empty())
      problem("E305", place, where + " has no path", "path = \"build/" + function.name + ".so\"");
    for (const auto& [variable, source] : function.secrets)
      if (function.env.contains(variable))
        problem("E302", place, fmt::format("{}: {} is in env and in secrets", where, variable),
                "keep one of them");
    const auto least = set_at_.find("functions." + function.name + ".min_warm");
    if (function.min_warm > function.limit)
      problem("E306", least == set_at_.end() ? place : least->second,
              fmt::format("{}: min_warm = {} is above limit = {}", where, function.min_warm, function.limit),
              "lower min_warm or raise limit");
  }

  // A key that was set for this very function must have an effect. An override may take the effect of a line
  // of the file away: it may be meant for one start only.
  void check_effects(const Function& function) {
    const std::string prefix = "functions." + function.name + ".";
    for (const NoEffect& way : ways_to_have_no_effect()) {
      const auto set_at = set_at_.find(prefix + way.key);
      if (set_at == set_at_.end() || !way.applies(function)) continue;
      if (origins_.contains(prefix + way.cause) && !origins_.contains(prefix + way.key)) continue;
      problem("E308", set_at->second,
              fmt::format("[functions.{}]: {} can have no effect: {}", function.name, way.key,
                          way.because(function)),
              way.hint);
    }
  }

  void check_server() {
    Server& server = loaded_.config.server;
    // Ports come in pairs: admin next to invoke, unless it was asked for.
    if (!server.admin_port_asked_for && server.port != 65535)
      server.admin_port = server.port == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(server.port + 1);
    if (server.memory_budget != 0 && server.memory_budget / kBodiesInBudget < server.max_body)
      problem("E306", set_at_["server.memory_budget"],
              fmt::format("memory_budget = \"{}\" does not hold {} bodies of max_body = \"{}\"",
                          format_size(server.memory_budget), kBodiesInBudget, format_size(server.max_body)),
              "raise memory_budget or lower max_body");
    if (!is_loopback(server.admin_host) && server.admin_token.empty())
      problem(
          "E307", set_at_["server.admin_host"],
          fmt::format("the admin port would be reachable by others at {} without a token", server.admin_host),
          "set admin_token, or leave admin_host at 127.0.0.1");
  }

  void list_effective() {
    for (const auto& key : server_keys()) {
      const auto set_at = set_at_.find(std::string("server.") + key.name);
      loaded_.effective.push_back({std::string("server.") + key.name, key.show(loaded_.config.server),
                                   set_at == set_at_.end() ? "default" : set_at->second, ""});
    }
    for (const Function& function : loaded_.config.functions)
      for (const auto& key : function_keys()) {
        const std::string path = "functions." + function.name + "." + key.name;
        std::string origin = "default";
        if (const auto at = set_at_.find(path); at != set_at_.end())
          origin = at->second;
        else if (const auto general = set_at_.find(std::string("defaults.") + key.name);
                 general != set_at_.end())
          origin = general->second;
        std::string no_effect;
        for (const NoEffect& way : ways_to_have_no_effect())
          if (way.key == std::string_view(key.name) && way.applies(function))
            no_effect = way.because(function);
        loaded_.effective.push_back({path, key.show(function), origin, no_effect});
      }
  }

  std::string name_;
  std::string directory_;
  Origins origins_;
  std::map<std::string, std::string> set_at_;
  Loaded loaded_;
};

}  // namespace

Loaded read_table(toml::table table, const std::string& name, const std::string& directory,
                  const std::vector<Override>& overrides) {
  Origins origins;
  std::vector<Problem> problems = apply(overrides, table, origins);
  Loaded loaded = Reader(name, directory, std::move(origins)).read(table);
  loaded.problems.insert(loaded.problems.begin(), problems.begin(), problems.end());
  return loaded;
}

}  // namespace coffees::config
