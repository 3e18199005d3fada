// JSON as commands read and print it: members in the order in which they were written.
#pragma once

#include <nlohmann/json.hpp>

namespace coffees::cli {

using Json = nlohmann::ordered_json;

}  // namespace coffees::cli
