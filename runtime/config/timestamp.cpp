#include "config/timestamp.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "base/field_syntax.h"

namespace coffees::config {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// Beyond these, nanoseconds since 1970 do not fit into 64 bits.
constexpr int kFirstYear = 1678;
constexpr int kLastYear = 2261;

// Takes `digits` digits from the front of `text`, a number of at most `most`.
std::optional<int> take_number(std::string_view& text, std::size_t digits, int most) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  if (number > most) return std::nullopt;
  return number;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

struct Moment {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t nanosecond = 0;
};

bool take_date(std::string_view& text, Moment& moment) {
  const auto year = take_number(text, 4, kLastYear);
  if (!year || *year < kFirstYear || !take(text, "-")) return false;
  const auto month = take_number(text, 2, 12);
  if (!month || !take(text, "-")) return false;
  const auto day = take_number(text, 2, 31);
  if (!day) return false;
  moment.year = *year;
  moment.month = *month;
  moment.day = *day;
  return std::chrono::year_month_day(std::chrono::year(*year),
                                     std::chrono::month(static_cast<unsigned>(*month)),
                                     std::chrono::day(static_cast<unsigned>(*day)))
      .ok();
}

// Digits beyond nanoseconds are read and dropped.
bool take_time(std::string_view& text, Moment& moment) {
  const auto hour = take_number(text, 2, 23);
  if (!hour || !take(text, ":")) return false;
  const auto minute = take_number(text, 2, 59);
  if (!minute || !take(text, ":")) return false;
  const auto second = take_number(text, 2, 60);  // 60: a leap second
  if (!second) return false;
  moment.hour = *hour;
  moment.minute = *minute;
  moment.second = *second;
  if (!take(text, ".")) return true;
  if (text.empty() || !is_digit(text[0])) return false;
  for (std::int64_t unit = kSecond / 10; !text.empty() && is_digit(text[0]); unit /= 10) {
    moment.nanosecond += (text[0] - '0') * unit;
    text.remove_prefix(1);
  }
  return true;
}

std::int64_t in_utc_seconds(const Moment& moment) {
  const std::chrono::sys_days day = std::chrono::year_month_day(
      std::chrono::year(moment.year), std::chrono::month(static_cast<unsigned>(moment.month)),
      std::chrono::day(static_cast<unsigned>(moment.day)));
  return std::chrono::duration_cast<std::chrono::seconds>(day.time_since_epoch()).count() +
         moment.hour * 3600LL + moment.minute * 60LL + moment.second;
}

std::int64_t in_local_seconds(const Moment& moment) {
  std::tm parts{};
  parts.tm_year = moment.year - 1900;
  parts.tm_mon = moment.month - 1;
  parts.tm_mday = moment.day;
  parts.tm_hour = moment.hour;
  parts.tm_min = moment.minute;
  parts.tm_sec = moment.second;
  parts.tm_isdst = -1;
  return std::mktime(&parts);
}

}  // namespace

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  Moment moment;
  if (!take_date(text, moment)) return std::nullopt;
  if (!text.empty() && (!take(text, "Tt ") || !take_time(text, moment))) return std::nullopt;
  if (text.empty()) return in_local_seconds(moment) * kSecond + moment.nanosecond;
  if (text == "Z" || text == "z") return in_utc_seconds(moment) * kSecond + moment.nanosecond;
  const bool west = text[0] == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_number(text, 2, 23);
  if (!hours || !take(text, ":")) return std::nullopt;
  const auto minutes = take_number(text, 2, 59);
  if (!minutes || !text.empty()) return std::nullopt;
  const std::int64_t offset = *hours * 3600LL + *minutes * 60LL;
  return (in_utc_seconds(moment) - (west ? -offset : offset)) * kSecond + moment.nanosecond;
}

std::string in_utc(const std::string& text) {
  const auto timestamp = parse_timestamp(text);
  if (!timestamp) return text;
  const std::int64_t rest = (*timestamp % kSecond + kSecond) % kSecond;
  const std::time_t seconds = (*timestamp - rest) / kSecond;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, rest);
}

}  // namespace coffees::config
