// WorkerPool: what an operator asks of it.
#include "pool/worker_pool.h"

namespace coffees {

using events::StopReason;

void WorkerPool::replace(PoolSettings settings, std::unique_ptr<scaler::Policy> policy) {
  const bool other_generation = settings.generation != function_.settings.generation;
  function_ = {std::move(settings), std::move(policy)};
  if (other_generation) cold();
  reconcile();
}

std::size_t WorkerPool::warm(std::size_t count) {
  std::size_t started = 0;
  const auto room = [this] {
    return snapshot().workers() + workers_.count(WorkerState::stopping) < settings().rules.limit;
  };
  for (; started < count && room() && !progress_.closed && !breaker_.is_open(); ++started)
    spawn_detached(loop_.get_executor(), start_spare(workers_.add(settings().generation, timers_.now())));
  reconcile();
  return started;
}

std::size_t WorkerPool::cold() {
  const std::size_t before = snapshot().workers();
  for (auto& [number, worker] : workers_.all())
    if (worker.state == WorkerState::starting || worker.state == WorkerState::busy)
      drain(worker, StopReason::user);
  while (workers_.count(WorkerState::idle) > 0) retire(workers_.longest_idle(), StopReason::user);
  reconcile();
  return before;
}

bool WorkerPool::stop_worker(WorkerNumber number) {
  WorkerRecord* worker = workers_.find(number);
  if (worker == nullptr || !worker->worker || worker->state == WorkerState::stopping) return false;
  if (worker->state == WorkerState::idle) {
    retire(*worker, StopReason::user);
    reconcile();
  } else {
    drain(*worker, StopReason::user);
    worker->end.killed = true;
    worker->worker->kill();
  }
  return true;
}

void WorkerPool::close() {
  progress_.closed = true;
  alarms_.reconcile.disarm();
  queue_.close();
  while (workers_.count(WorkerState::idle) > 0) retire(workers_.longest_idle(), StopReason::shutdown);
  std::vector<WorkerNumber> all;
  for (const auto& [number, worker] : workers_.all())
    if (worker.worker) all.push_back(number);
  for (const WorkerNumber number : all)
    if (const WorkerRecord* worker = workers_.find(number)) worker->worker->kill();
  starts_.process_ended.notify();
}

}  // namespace coffees
