// All chance in a storm comes from here, and all of that from one seed.
#pragma once

#include <cstdint>
#include <random>

#include "clock.h"

namespace coffees::storm {

/// The standard's distributions differ between libraries; these do not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  /// 0 to `count` - 1.
  std::uint64_t below(std::uint64_t count) { return engine_() % count; }
  /// True `percent` times of a hundred.
  bool chance(unsigned percent) { return below(100) < percent; }
  /// From `least` to `most`, small ones as often as large ones of each size.
  Duration between(Duration least, Duration most) {
    const auto span = static_cast<std::uint64_t>((most - least).count()) + 1;
    const auto bits = static_cast<unsigned>(64 - __builtin_clzll(span));
    const std::uint64_t size = below(bits);
    return least + Duration(static_cast<std::int64_t>((engine_() >> (63 - size)) % span));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace coffees::storm
