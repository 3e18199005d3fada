// What a scaling policy is told, and what it may answer. Pure values: nothing here knows a process or a
// clock.
#pragma once

#include <chrono>
#include <cstddef>

namespace coffees::scaler {

/// A moment, counted from any fixed origin; only differences matter. The caller reads the clock.
using Time = std::chrono::nanoseconds;

/// The limits of one function, from its configuration, which has the same defaults.
struct Rules {
  Time keep_warm{
      std::chrono::minutes(5)};  ///< how long an idle worker waits, counted from its last completion
  std::size_t min_warm = 0;      ///< workers that are kept even when idle for ever
  std::size_t limit = 100;       ///< most workers at once
  std::size_t queue = 0;         ///< most requests that may wait at the limit
};

/// One function at one moment. A worker is counted in exactly one of the first three.
struct Snapshot {
  std::size_t starting = 0;  ///< cold starts under way, each promised to a request or to min_warm
  std::size_t idle = 0;      ///< ready and waiting
  std::size_t busy = 0;      ///< serving
  std::size_t waiting = 0;   ///< requests in the queue
  Time longest_idle_since{
      0};  ///< when the idle worker that waits longest became idle; meaningful if idle > 0

  [[nodiscard]] std::size_t workers() const { return starting + idle + busy; }
};

/// What to do with a request that has just arrived.
enum class Admission {
  dispatch,  ///< give it to the idle worker that was freed last
  start,     ///< start a worker for it
  queue,     ///< let it wait
  refuse,    ///< at the limit and no room to wait
};

/// What to do next for the pool as a whole.
enum class Step {
  none,
  dispatch,     ///< give the request that waits longest to the idle worker that was freed last
  start,        ///< start a worker for the request that waits longest
  start_spare,  ///< start a worker without a request, for min_warm
  retire,       ///< retire the idle worker that waits longest
};

/// The longest time there is: "for ever".
constexpr Time kForever = Time::max();

}  // namespace coffees::scaler
