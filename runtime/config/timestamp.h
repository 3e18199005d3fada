// Moments as people write them, for `--since` and the admin API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coffees::config {

/// Nanoseconds since 1970 of a date-time of RFC 3339 ("2026-01-31T12:00:00Z", "2026-01-31 12:00:00.5+01:00").
/// Where the offset is left out, the time zone of this process counts (tzset(3)), and so it does for a date
/// alone, which means its midnight. Nothing for anything else, days that do not exist and years before 1678
/// or after 2261 included.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

/// A timestamp as a date-time in UTC, which means the same to a program in another time zone; any other text
/// (a duration) as it is.
std::string in_utc(const std::string& text);

}  // namespace coffees::config
