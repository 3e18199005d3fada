#include "admin/state.h"

namespace coffees::admin {

State read_state(const Dispatcher& dispatcher, const std::vector<std::string>& names) {
  State state;
  state.now = SteadyClock::now();
  state.draining = dispatcher.draining();
  for (const std::string& name : names) {
    const Pool& pool = *dispatcher.catalog().find(name)->second;
    state.functions.push_back({.snapshot = pool.snapshot(),
                               .stopping = pool.roster().count(WorkerState::stopping),
                               .source = pool.source_status(),
                               .breaker_open = pool.breaker_is_open(),
                               .workers = pool.workers()});
  }
  return state;
}

events::Stats read_stats(const Dispatcher& dispatcher) {
  events::Stats stats;
  for (const auto& [name, pool] : dispatcher.catalog()) {
    const scaler::Snapshot now = pool->snapshot();
    stats.starting += now.starting;
    stats.idle += now.idle;
    stats.busy += now.busy;
    stats.waiting += now.waiting;
    stats.stopping += pool->roster().count(WorkerState::stopping);
  }
  return stats;
}

}  // namespace coffees::admin
