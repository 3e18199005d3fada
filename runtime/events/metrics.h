// What is counted since the server started: written by the loop with every event, copied out as a whole.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "events/record.h"
#include "invocation.h"
#include "refusal_code.h"

namespace coffees::events {

/// A histogram of durations with fixed bounds, as Prometheus wants them.
struct Histogram {
  /// Upper bounds in seconds. OpenTelemetry's advice for FaaS begins at 5 ms; a warm call here takes a tenth
  /// of a millisecond, so five finer ones come first.
  static constexpr std::array<double, 19> kBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                  0.025,  0.05,    0.075,  0.1,   0.25,   0.5,   0.75,
                                                  1.0,    2.5,     5.0,    7.5,   10.0};
  std::array<std::uint64_t, kBounds.size() + 1> counts{};  ///< per bucket, not summed up; the last: above all
  std::uint64_t count = 0;
  std::uint64_t sum = 0;  ///< nanoseconds

  void add(std::int64_t nanoseconds);
};

/// Bytes, in powers of four from 64 KiB.
struct SizeHistogram {
  static constexpr std::array<std::uint64_t, 9> kBounds{1U << 16, 1U << 18, 1U << 20, 1U << 22,  1U << 24,
                                                        1U << 26, 1U << 28, 1U << 30, 1ULL << 32};
  std::array<std::uint64_t, kBounds.size() + 1> counts{};
  std::uint64_t count = 0;
  std::uint64_t sum = 0;

  void add(std::uint64_t bytes);
};

/// All counts of one function.
struct FunctionMetrics {
  std::array<std::uint64_t, kOutcomeKinds> outcomes{};  ///< by Outcome::Kind
  std::uint64_t cold_starts = 0;                        ///< invocations that waited for their worker's start
  Histogram exec_cold;
  Histogram exec_warm;
  Histogram queue;
  Histogram boot;
  Histogram init;
  Histogram cpu;
  SizeHistogram peak_rss;
  Histogram lifetime;
  std::array<std::uint64_t, 12> stopped{};  ///< by StopReason
  std::int64_t idle_nanoseconds = 0;        ///< completed stretches of all workers
  std::int64_t busy_nanoseconds = 0;
  std::uint64_t log_bytes_dropped = 0;
};

/// Requests that were refused before any function saw them, by RefusalCode.
using RefusalCounts = std::array<std::uint64_t, kRefusalCodes>;

/// All functions, in the configuration's order; the last one stands for names that are no function.
using Metrics = std::vector<FunctionMetrics>;

}  // namespace coffees::events
