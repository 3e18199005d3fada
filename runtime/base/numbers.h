// Whole numbers in text.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace coffees {

/// The number that all of `text` spells in base 10, or nothing: for a blank, a "+", a prefix, a fraction, a
/// number that `Number` cannot hold, and a "-" where `Number` has no sign.
template <std::integral Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

}  // namespace coffees
