// Values with their unit in them: "250ms", "128MiB". A bare number is an error, never a guess.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coffees {

/// "250ms", "3s", "1.5m", "1h30m", "1d" (24 hours): numbers with units from large to small, of which the last
/// may have a fraction. Nothing for anything else, negative and overlong ones included.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// "512KiB", "128MiB", "128M", "1GB", "100B" in bytes; K, M and G are powers of 1024 with or without the
/// rest. Nothing for anything else.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// The shortest way to write a duration in these units: "5m", "250ms". Negative: "off"; the longest:
/// "forever".
std::string format_duration(std::chrono::nanoseconds duration);

/// The same for bytes: "128MiB".
std::string format_size(std::uint64_t bytes);

/// A length of time for a table, in milliseconds: "35ms", "12s", "3m20s", "5h07m".
std::string rough_duration(double milliseconds);

/// With a fraction.
constexpr double in_milliseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) * 1e-6;
}

/// A length of time in integers, to be written as "{whole}.{thousandths:03}": floating point would take a
/// tenth of an answer's time. Less than 0 counts as 0.
struct Milliseconds {
  std::int64_t whole;
  std::int64_t thousandths;  ///< of a millisecond, cut, not rounded
};
constexpr Milliseconds split_milliseconds(std::chrono::nanoseconds duration) {
  const std::int64_t microseconds = duration.count() > 0 ? duration.count() / 1000 : 0;
  return {microseconds / 1000, microseconds % 1000};
}

}  // namespace coffees
