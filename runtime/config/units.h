// Values with their unit in them: "250ms", "128MiB". A bare number is an error, never a guess.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coffees::config {

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

/// The word in `known` that `word` was probably meant to be, or an empty string.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace coffees::config
