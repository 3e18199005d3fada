// The time of day of events: nanoseconds since 1970.
#pragma once

#include <chrono>
#include <cstdint>

namespace coffees::events {

constexpr std::int64_t kSecond = 1'000'000'000;

/// What the wall clock says now. It may be set, and go back.
inline std::int64_t nanoseconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace coffees::events
