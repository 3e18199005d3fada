// What somebody asks of a pool besides running invocations.
#include <algorithm>

#include "pool/pool.h"

namespace coffees {

std::size_t Pool::warm(std::size_t count) {
  std::size_t started = 0;
  const auto room = [this] {
    return snapshot().workers() + roster_.count(WorkerState::stopping) < settings_.rules.limit;
  };
  while (started < count && room() && !closed_ && !breaker_.is_open()) {
    spawn_detached(loop_.get_executor(), start_spare(roster_.add()));
    ++started;
  }
  return started;
}

std::size_t Pool::cold() {
  const scaler::Snapshot before = snapshot();
  for (auto& [number, record] : records_) record.unwanted = true;
  while (roster_.count(WorkerState::idle) > 0) retire(roster_.longest_idle(), events::StopReason::user);
  settle();
  return before.workers();
}

bool Pool::stop_worker(WorkerNumber number) {
  const auto found = records_.find(number);
  if (found == records_.end() || !found->second.worker) return false;
  if (roster_.state(number) == WorkerState::stopping) return false;
  if (!found->second.reason) found->second.reason = events::StopReason::user;
  if (roster_.state(number) == WorkerState::idle) {
    retire(number, events::StopReason::user);
    settle();
  } else {
    found->second.worker->kill();
  }
  return true;
}

std::vector<WorkerStatus> Pool::workers() const {
  std::vector<WorkerStatus> all;
  const TimePoint now = timers_.now();
  const scaler::Snapshot counts = snapshot();
  const bool all_wanted = counts.workers() <= settings_.rules.min_warm;
  for (const auto& [number, record] : records_) {
    WorkerStatus worker{.number = number, .state = roster_.state(number), .started = record.started};
    if (record.worker) {
      worker.pid = record.worker->pid();
      worker.cold_start = record.ready - record.started;
      worker.since = record.since;
      worker.served = record.served;
      worker.request = record.request;
      const bool for_ever = settings_.rules.keep_warm == scaler::kForever;
      const TimePoint end = record.since + settings_.rules.keep_warm;
      // Past its end it stands there for min_warm.
      if (worker.state == WorkerState::idle && !for_ever && !all_wanted && end > now) worker.retires_at = end;
    }
    all.push_back(worker);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return all;
}

}  // namespace coffees
