// One storm: some functions, some hundred requests, and whatever can go wrong, all of it decided by one seed.
#pragma once

#include <cstdint>
#include <string>

namespace coffees::storm {

/// What came of one seed.
struct Result {
  std::string violation;  ///< the name of the invariant that did not hold, and what was seen; empty: none
  std::uint64_t requests = 0;
  std::uint64_t digest = 0;  ///< of all events, byte for byte; only if asked for
  std::uint64_t events = 0;  ///< in the event log
};

/// Runs seed `seed` to its end, or to the first invariant that does not hold. Throws nothing.
Result run(std::uint64_t seed, bool with_digest = false);

}  // namespace coffees::storm
