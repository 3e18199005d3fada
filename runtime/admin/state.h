// The state of the server at one moment, copied out on the dispatcher's loop for the admin port's.
#pragma once

#include <vector>

#include "dispatcher/dispatcher.h"
#include "dispatcher/worker_status.h"

namespace coffees::admin {

/// One function at one moment.
struct FunctionState {
  scaler::Snapshot snapshot;  ///< `busy` includes those that drain
  std::size_t draining = 0;
  std::size_t stopping = 0;
  std::size_t waiting = 0;  ///< requests, for whatever
  SourceStatus source;
  events::BreakerState breaker = events::BreakerState::closed;
  std::vector<WorkerStatus> workers;  ///< sorted by number
};

/// All functions, in the configuration's order.
struct State {
  TimePoint now;
  bool draining = false;
  std::vector<FunctionState> functions;
};

/// Loop thread only; `names` in the configuration's order.
State read_state(const Dispatcher& dispatcher, const std::vector<std::string>& names);

/// The sums over all functions, for the `stats` event. Loop thread only.
events::Stats read_stats(const Dispatcher& dispatcher);

}  // namespace coffees::admin
