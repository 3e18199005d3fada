// Where a request to the invoke port goes.
#pragma once

#include <string_view>

#include "http/target.h"

namespace coffees::front {

/// Where a request goes.
struct Route {
  enum class Kind { function, health, readiness, options, refused };
  Kind kind = Kind::refused;
  std::string_view function;  ///< kind function; obeys the name grammar
  std::string_view path;      ///< what follows the name: "" or "/..."
  std::string_view query;     ///< what follows "?"
  http::Refusal refusal;      ///< kind refused
};

/// The methods that reach functions, as an Allow field lists them (RFC 9110 section 10.2.1).
constexpr std::string_view kAllowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Decides by the raw request target, without decoding anything: a name that is not written in plain letters
/// does not match, whatever it would decode to. Views borrow from `target`.
Route route(std::string_view method, const http::Target& target);

}  // namespace coffees::front
