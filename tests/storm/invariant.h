// What has to hold, and what is said when it does not.
#pragma once

#include <stdexcept>
#include <string>

namespace coffees::storm {

/// An invariant that did not hold: its name, and what was seen instead.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const char* invariant, const std::string& seen) {
  if (!holds) throw Violation(std::string(invariant) + ": " + seen);
}

}  // namespace coffees::storm
