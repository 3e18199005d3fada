#include "base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/field_syntax.h"

namespace coffees {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 5> kDurations{
    {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 24 * 3600e9}}};
constexpr std::array<Unit, 4> kSizes{{{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};
// Other names of the same, for reading only.
constexpr std::array<Unit, 10> kSizesRead{{{"B", 1},
                                           {"K", 1 << 10},
                                           {"KB", 1 << 10},
                                           {"KiB", 1 << 10},
                                           {"M", 1 << 20},
                                           {"MB", 1 << 20},
                                           {"MiB", 1 << 20},
                                           {"G", 1 << 30},
                                           {"GB", 1 << 30},
                                           {"GiB", 1 << 30}}};
constexpr double kLongest = 9e18;  // fits into 63 bits of nanoseconds (285 years) and of bytes

// One number and its unit, taken from the front of `text`.
struct Quantity {
  double value = 0;
  double factor = 0;
  bool whole = true;  ///< the number has no fraction
};

template <std::size_t Count>
std::optional<Quantity> take_quantity(std::string_view& text, const std::array<Unit, Count>& units) {
  Quantity quantity;
  double number = 0;
  const char* end = text.data() + text.size();
  if (text.empty() || !is_digit(text[0])) return std::nullopt;
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || *(rest - 1) == '.') return std::nullopt;
  quantity.whole = std::all_of(text.data(), rest, is_digit);
  const char* name_end = std::find_if(rest, end, is_digit);
  const std::string_view name(rest, static_cast<std::size_t>(name_end - rest));
  text.remove_prefix(static_cast<std::size_t>(name_end - text.data()));
  for (const Unit& unit : units)
    if (unit.name == name && number * unit.factor <= kLongest) {
      quantity.factor = unit.factor;
      quantity.value = number * unit.factor;
      return quantity;
    }
  return std::nullopt;
}

// In the largest unit that leaves no fraction; empty when every unit leaves one. Nothing is rounded: what is
// shown can be written into a file.
template <std::size_t Count>
std::string in_whole_units(std::int64_t value, const std::array<Unit, Count>& units) {
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
    const auto factor = static_cast<std::int64_t>(unit->factor);
    if (value % factor == 0 && (value >= factor || factor == 1))
      return fmt::format("{}{}", value / factor, unit->name);
  }
  return {};
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  double smallest = kLongest;
  do {
    const auto quantity = take_quantity(text, kDurations);
    if (!quantity || quantity->factor >= smallest || (!quantity->whole && !text.empty())) return std::nullopt;
    smallest = quantity->factor;
    if (static_cast<double>(total) + quantity->value > kLongest) return std::nullopt;
    total += std::llround(quantity->value);
  } while (!text.empty());
  return std::chrono::nanoseconds(total);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto quantity = take_quantity(text, kSizesRead);
  if (!quantity || !text.empty()) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(quantity->value));
}

std::string format_duration(std::chrono::nanoseconds duration) {
  if (duration.count() < 0) return "off";
  if (duration == std::chrono::nanoseconds::max()) return "forever";
  if (std::string exact = in_whole_units(duration.count(), kDurations); !exact.empty()) return exact;
  if (duration.count() == 0) return "0ms";
  // Shorter than a millisecond, or with a fraction of one.
  std::string text = fmt::format("{}.{:06}", duration.count() / 1'000'000, duration.count() % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  return text + "ms";
}

std::string format_size(std::uint64_t bytes) {
  return in_whole_units(static_cast<std::int64_t>(bytes), kSizes);
}

std::string rough_duration(double milliseconds) {
  if (milliseconds < 1000) return fmt::format("{:.0f}ms", milliseconds);
  const double seconds = milliseconds / 1000;
  if (seconds < 60) return fmt::format("{:.0f}s", seconds);
  const auto whole = static_cast<long long>(seconds);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
}

}  // namespace coffees
