// Every key of coffees.toml: its name, its unit, what it means, and where its value goes. The one table that
// reading, `config show` and the schema are driven by.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

#include <toml++/toml.h>

namespace coffees::config {

/// One key of a table that fills a Target.
template <typename Target>
struct Key {
  const char* name = "";
  const char* about = "";  ///< one sentence
  /// Stores the value; returns an empty string, or the hint for a value that does not fit.
  std::function<std::string(const toml::node&, Target&)> read;
  /// The value as it would stand in the file. Of a hidden key: that it is set, and names, but no value.
  std::function<std::string(const Target&)> show;
  std::string schema;  ///< members of a JSON Schema, "\"type\": \"string\""
  const char* unit_complaint = "is not a value for this key";  ///< what is said of a bare number
  bool only_per_function = false;                              ///< makes no sense under [defaults]
  bool hidden = false;  ///< values are told nowhere: they may be secrets

  /// What to say of a value that does not fit.
  [[nodiscard]] std::string complaint(const toml::node& value) const {
    return value.is_number() ? unit_complaint : "is not a value for this key";
  }
};

/// Whether the environment of a handler may hold a variable of this name: not those that change how libraries
/// are loaded or memory is handed out, which would undo the sandbox's assumptions.
bool is_allowed_variable(std::string_view name);

const std::vector<Key<Function>>& function_keys();
const std::vector<Key<Server>>& server_keys();

}  // namespace coffees::config
