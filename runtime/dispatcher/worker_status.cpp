#include "dispatcher/worker_status.h"

namespace coffees {

std::vector<WorkerStatus> worker_statuses(const WorkerPool& pool, TimePoint now) {
  std::vector<WorkerStatus> all;
  const scaler::Rules& rules = pool.settings().rules;
  const bool all_wanted = pool.snapshot().workers() <= rules.min_warm;
  for (const auto& [number, worker] : pool.table().all()) {
    WorkerStatus status{.number = number,
                        .state = worker.state,
                        .generation = worker.generation,
                        .started = worker.times.started};
    if (worker.worker) {
      status.pid = worker.worker->pid();
      status.cold_start = worker.times.ready - worker.times.started;
      status.steps = worker.cold_start;
      status.since = worker.times.reported;
      status.served = worker.served;
      status.request = worker.request;
    }
    // An idle worker past its end stays for min_warm.
    if (worker.state == WorkerState::idle && !all_wanted && rules.keep_warm != scaler::kForever) {
      const TimePoint end = worker.times.reported + rules.keep_warm;
      if (end > now) status.retires_at = end;
    }
    all.push_back(status);
  }
  return all;
}

}  // namespace coffees
