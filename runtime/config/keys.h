// Every key of coffees.toml: its name, its unit, and where its value goes. The one table that reading is
// driven by.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"

#include <toml++/toml.h>

namespace coffees::config {

/// One key of a table that fills a Target.
template <typename Target>
struct Key {
  const char* name;
  /// Stores the value; returns an empty string, or the hint for a value that does not fit.
  std::function<std::string(const toml::node&, Target&)> read;
  bool only_per_function = false;  ///< makes no sense under [defaults]

  /// What to say of a value that does not fit.
  [[nodiscard]] std::string complaint(const toml::node& value) const {
    return value.is_number() ? unit_complaint : "is not a value for this key";
  }
  const char* unit_complaint = "is not a value for this key";
};

const std::vector<Key<Function>>& function_keys();
const std::vector<Key<Server>>& server_keys();

}  // namespace coffees::config
