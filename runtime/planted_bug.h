// Bugs on purpose: the storm (tests/storm) is graded by how it finds them. Only a build with COFFEES_PLANTS
// contains any.
#pragma once

#include <string_view>

namespace coffees {

#ifdef COFFEES_PLANTS
/// The name of the bug to show; empty for none. Set before anything runs.
inline std::string_view chosen_bug;
inline bool planted(std::string_view name) { return chosen_bug == name; }
#else
constexpr bool planted(std::string_view /*name*/) { return false; }
#endif

}  // namespace coffees
