#include <fmt/format.h>

#include "config/keys.h"

namespace coffees::config {
namespace {

template <typename Target>
std::string properties(const std::vector<Key<Target>>& keys, bool defaults) {
  std::string text;
  for (const Key<Target>& key : keys) {
    if (defaults && key.only_per_function) continue;
    text += fmt::format("{}\n        \"{}\": {{\"description\": \"{}\", {}}}", text.empty() ? "" : ",",
                        key.name, key.about, key.schema);
  }
  return text;
}

}  // namespace

std::string schema() {
  return fmt::format(R"({{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "coffees.toml",
  "type": "object",
  "additionalProperties": false,
  "properties": {{
    "version": {{"const": 1}},
    "server": {{
      "type": "object", "additionalProperties": false,
      "properties": {{{}
      }}
    }},
    "defaults": {{
      "type": "object", "additionalProperties": false,
      "properties": {{{}
      }}
    }},
    "functions": {{
      "type": "object",
      "propertyNames": {{"pattern": "^[A-Za-z0-9-][A-Za-z0-9_-]{{0,63}}$"}},
      "additionalProperties": {{
      "type": "object", "additionalProperties": false, "required": ["path"],
      "properties": {{{}
      }}}}
    }}
  }}
}}
)",
                     properties(server_keys(), false), properties(function_keys(), true),
                     properties(function_keys(), false));
}

}  // namespace coffees::config
