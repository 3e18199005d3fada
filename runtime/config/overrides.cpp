#include "config/overrides.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace coffees::config {
namespace {

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

// Environment variables are written in capitals and without "-": the name that is meant is the one in the
// file that reads the same.
std::string known_name(const toml::table& table, const std::string& name) {
  if (table.contains(name)) return name;
  const auto plain = [](std::string_view text) {
    std::string result(text);
    for (char& c : result)
      c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
  };
  for (const auto& [key, value] : table)
    if (plain(key.str()) == plain(name)) return std::string(key.str());
  return name;
}

// functions.NAME.env.VARIABLE or defaults.env.VARIABLE.
bool is_variable(const std::vector<std::string>& path) {
  return path.size() >= 3 && path[path.size() - 2] == "env" &&
         path.size() == (path[0] == "defaults" ? 3U : 4U);
}

// Keys whose values are texts, whatever they look like: a token of digits is no number, nor is 127.1.
bool is_text(const std::vector<std::string>& path) {
  static const std::array<std::string_view, 4> texts{"admin_token", "host", "admin_host", "path"};
  return is_variable(path) || std::find(texts.begin(), texts.end(), path.back()) != texts.end();
}

// Text that is no TOML value needs no quotes: 5s, hello.so.
void insert(toml::table& table, const std::string& key, const std::string& value, bool text) {
  try {
    const toml::table parsed = toml::parse("v = " + value);
    if (parsed.size() == 1 && (!text || parsed.get("v")->is_string())) {
      parsed.get("v")->visit([&](const auto& node) { table.insert_or_assign(key, node); });
      return;
    }
  } catch (const toml::parse_error&) {
    // Not TOML: a text.
  }
  table.insert_or_assign(key, value);
}

}  // namespace

std::vector<Override> from_environment(const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<Override> overrides;
  constexpr std::string_view prefix = "COFFEES_";
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(prefix) || name.find("__") == std::string::npos) continue;
    std::vector<std::string> parts = split(std::string_view(name).substr(prefix.size()), "__");
    const std::string variable = parts.back();
    for (std::string& part : parts)
      std::transform(part.begin(), part.end(), part.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (is_variable(parts)) parts.back() = variable;  // keeps its case
    overrides.push_back({fmt::format("{}", fmt::join(parts, ".")), value, "environment " + name});
  }
  return overrides;
}

std::vector<Problem> apply(const std::vector<Override>& overrides, toml::table& root, Origins& origins) {
  std::vector<Problem> problems;
  for (const Override& override : overrides) {
    if (!is_utf8(override.key) || !is_utf8(override.value)) {
      problems.push_back({"E302", override.origin, "a key or value is not UTF-8",
                          "configuration is UTF-8 text, as TOML is"});
      continue;
    }
    std::vector<std::string> parts = split(override.key, ".");
    const bool named =
        std::none_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); });
    if (!named || parts.size() < 2 || parts.size() > 4) {
      problems.push_back({"E302", override.origin, fmt::format("'{}' is not a key", override.key),
                          "write a key like server.port, defaults.timeout or functions.hello.timeout"});
      continue;
    }
    toml::table* table = &root;
    for (std::size_t i = 0; i + 1 < parts.size() && table != nullptr; ++i) {
      if (i == 1) parts[i] = known_name(*table, parts[i]);
      table = table->insert(parts[i], toml::table{}).first->second.as_table();
    }
    if (table == nullptr) {
      problems.push_back({"E302", override.origin, fmt::format("'{}' is not a key", override.key),
                          "the part before its last dot is a value, not a table"});
      continue;
    }
    insert(*table, parts.back(), override.value, is_text(parts));
    origins[fmt::format("{}", fmt::join(parts, "."))] = override.origin;
    if (!is_variable(parts)) continue;
    parts.pop_back();
    origins[fmt::format("{}", fmt::join(parts, "."))] = override.origin;  // `env` is shown as one value
  }
  return problems;
}

}  // namespace coffees::config
