// Values from the command line and the environment, laid over what a file says.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"

#include <toml++/toml.h>

namespace coffees::config {

/// Where values that are not from a file came from, by key.
using Origins = std::map<std::string, std::string, std::less<>>;

/// Puts every override into `root` and notes its origin. Returns what cannot be put anywhere.
std::vector<Problem> apply(const std::vector<Override>& overrides, toml::table& root, Origins& origins);

}  // namespace coffees::config
