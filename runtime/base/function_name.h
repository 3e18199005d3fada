// What a function's name is made of: the same in a configuration and in a path.
#pragma once

#include <algorithm>
#include <string_view>

namespace coffees {

constexpr std::size_t kMaxFunctionName = 64;  ///< bytes

/// Whether `text` is made as a name is: letters, digits, "-" and "_", 1 to kMaxFunctionName of them.
constexpr bool has_form_of_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxFunctionName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                  c == '-';
         });
}

/// Whether a function may have this name: it has the form of one, does not begin with "_", and is not a path
/// that the invoke port answers itself.
constexpr bool is_function_name(std::string_view text) {
  return has_form_of_name(text) && text.front() != '_' && text != "healthz" && text != "readyz" &&
         text != "2015-03-31";
}

}  // namespace coffees
