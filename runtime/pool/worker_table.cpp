#include "pool/worker_table.h"

#include <algorithm>
#include <stdexcept>

namespace coffees {
namespace {

std::size_t index(WorkerState state) { return static_cast<std::size_t>(state); }

void require(bool holds, const WorkerRecord& worker, const char* what) {
  if (!holds)
    throw std::logic_error("worker table: worker " + std::to_string(worker.number) + " (" +
                           name_of(worker.state) + ") " + what);
}

bool became_idle_before(const WorkerRecord* one, const WorkerRecord* other) {
  return one->times.reported < other->times.reported;
}

bool is_legal(WorkerState from, WorkerState to) {
  switch (to) {
    case WorkerState::starting:
      return false;
    case WorkerState::idle:
      return from == WorkerState::starting || from == WorkerState::busy;
    case WorkerState::busy:
      return from == WorkerState::starting || from == WorkerState::idle;
    case WorkerState::draining:
      return from == WorkerState::busy;
    case WorkerState::stopping:
      return from == WorkerState::idle || from == WorkerState::busy || from == WorkerState::draining;
    case WorkerState::gone:
      return from == WorkerState::starting || from == WorkerState::stopping;
  }
  return false;
}

}  // namespace

const char* name_of(WorkerState state) {
  constexpr const char* names[kWorkerStates] = {"starting", "idle", "busy", "draining", "stopping", "gone"};
  return names[index(state)];
}

WorkerRecord& WorkerTable::add(std::uint32_t generation, TimePoint now) {
  const WorkerNumber number = next_++;
  WorkerRecord& worker = workers_[number];
  worker.number = number;
  worker.generation = generation;
  worker.times.started = worker.times.reported = now;
  ++counts_[index(worker.state)];
  return worker;
}

void WorkerTable::become(WorkerRecord& worker, WorkerState state) {
  require(is_legal(worker.state, state), worker, "makes a step that its state does not allow");
  if (worker.state == WorkerState::idle) std::erase(idle_, &worker);
  --counts_[index(worker.state)];
  worker.state = state;
  if (state == WorkerState::gone) {
    workers_.erase(worker.number);
    return;
  }
  ++counts_[index(state)];
  // Nearly always at the end: only a worker whose lease was not used has been idle for longer.
  if (state == WorkerState::idle)
    idle_.insert(std::upper_bound(idle_.begin(), idle_.end(), &worker, became_idle_before), &worker);
}

WorkerRecord* WorkerTable::find(WorkerNumber number) {
  const auto found = workers_.find(number);
  return found == workers_.end() ? nullptr : &found->second;
}

void WorkerTable::verify() const {
  std::size_t seen[kWorkerStates] = {};
  for (const auto& [number, worker] : workers_) {
    require(number == worker.number, worker, "is listed under another number");
    ++seen[index(worker.state)];
    const bool serves = worker.state == WorkerState::busy || worker.state == WorkerState::draining;
    require((worker.leases > 0) == serves, worker, serves ? "has no lease" : "has a lease");
    require(worker.leases == 0 || worker.leases <= worker.worker->slots(), worker,
            "has more requests than slots");
  }
  if (!std::equal(std::begin(seen), std::end(seen), std::begin(counts_)))
    throw std::logic_error("worker table: the counts do not agree with the states");
  if (idle_.size() != count(WorkerState::idle))
    throw std::logic_error("worker table: the idle list and the idle count differ");
  TimePoint before = TimePoint::min();
  for (const WorkerRecord* worker : idle_) {
    require(worker->state == WorkerState::idle, *worker, "is listed as idle");
    require(worker->times.reported >= before, *worker, "is out of order in the idle list");
    before = worker->times.reported;
  }
}

}  // namespace coffees
