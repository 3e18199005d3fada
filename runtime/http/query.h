// Percent-encoded texts in a target, decoded (RFC 3986 section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffees::http {

/// `text` with its %XX decoded, and + as a space where it is part of a query
/// (https://url.spec.whatwg.org/#urlencoded-parsing). Nothing when a % is not followed by two hexadecimal
/// digits, or stands for a zero byte.
std::optional<std::string> percent_decode(std::string_view text, bool in_query);

/// Names and values, in order.
using Parameters = std::vector<std::pair<std::string, std::string>>;

/// "a=1&b=x+y" taken apart and decoded; nothing when a part cannot be.
std::optional<Parameters> parse_query(std::string_view query);

/// The first value of that name; empty without one.
std::string_view value_of(const Parameters& parameters, std::string_view name);

}  // namespace coffees::http
