// Percentiles of a list of times.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace coffees::bench {

/// The smallest of `times` that at least `percent` percent of them do not exceed; 0 when there are none.
inline double percentile(std::vector<double> times, double percent) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  const auto index = static_cast<std::size_t>(static_cast<double>(times.size()) * percent / 100);
  return times[std::min(index, times.size() - 1)];
}

}  // namespace coffees::bench
