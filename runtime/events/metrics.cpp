#include "events/metrics.h"

#include <algorithm>

namespace coffees::events {

void Histogram::add(std::int64_t nanoseconds) {
  const double seconds = static_cast<double>(nanoseconds) * 1e-9;
  // From below: nearly all durations are short.
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  ++counts[bucket];
  ++count;
  sum += static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
}

void SizeHistogram::add(std::uint64_t bytes) {
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && bytes > kBounds[bucket]) ++bucket;
  ++counts[bucket];
  ++count;
  sum += bytes;
}

}  // namespace coffees::events
