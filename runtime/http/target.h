// The target of a request, taken apart. Nothing is decoded here.
#pragma once

#include <string_view>

#include "http/head_scanner.h"

namespace coffees::http {

/// The parts of a target in origin, absolute or asterisk form (RFC 9112 section 3.2). The views borrow from
/// it.
struct Target {
  std::string_view path;        ///< "/..." or "*"
  std::string_view query;       ///< what follows "?"
  std::string_view authority;   ///< of the absolute form, else empty: it replaces the Host field
  const char* fault = nullptr;  ///< why it has no such form (400); null: it has
};

/// `method`: the asterisk goes with OPTIONS only.
Target split_target(std::string_view method, std::string_view target);

/// The path in a target, without query, fragment and authority: what may be shown to others. Empty for
/// targets that have none. `target` may be anything. The view borrows from it.
std::string_view path_of(std::string_view target);

}  // namespace coffees::http
