#include "admin/state.h"

namespace coffees::admin {

State read_state(const Dispatcher& dispatcher, const std::vector<std::string>& names) {
  State state;
  state.now = SteadyClock::now();
  state.draining = dispatcher.draining();
  for (const std::string& name : names) {
    const WorkerPool& pool = *dispatcher.catalog().find(name)->second;
    state.functions.push_back({.snapshot = pool.snapshot(),
                               .draining = pool.table().count(WorkerState::draining),
                               .stopping = pool.table().count(WorkerState::stopping),
                               .waiting = pool.queue().size(),
                               .source = pool.source_status(),
                               .breaker = pool.breaker_state(),
                               .workers = worker_statuses(pool, state.now)});
  }
  return state;
}

events::Stats read_stats(const Dispatcher& dispatcher) {
  events::Stats stats;
  for (const auto& [name, pool] : dispatcher.catalog()) {
    const scaler::Snapshot now = pool->snapshot();
    stats.starting += now.starting;
    stats.idle += now.idle;
    stats.busy += pool->table().count(WorkerState::busy);
    stats.draining += pool->table().count(WorkerState::draining);
    stats.stopping += pool->table().count(WorkerState::stopping);
    stats.waiting += pool->queue().size();
  }
  return stats;
}

}  // namespace coffees::admin
