// The tables of a configuration, however they came: read, checked and listed. Private to config/.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/overrides.h"

#include <toml++/toml.h>

namespace coffees::config {

/// Reads `table`, with `overrides` laid over it, into a configuration; what is wrong is in its problems.
/// `name` is what problems call the file, relative paths count from `directory`.
Loaded read_table(toml::table table, const std::string& name, const std::string& directory,
                  const std::vector<Override>& overrides);

}  // namespace coffees::config
