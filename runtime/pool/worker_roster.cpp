#include "pool/worker_roster.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace coffees {
namespace {

std::size_t slot(WorkerState state) { return static_cast<std::size_t>(state); }

[[noreturn]] void broken(WorkerNumber number, const char* what) {
  throw std::logic_error("worker roster: worker " + std::to_string(number) + " " + what);
}

}  // namespace

const char* name_of(WorkerState state) {
  switch (state) {
    case WorkerState::starting:
      return "starting";
    case WorkerState::idle:
      return "idle";
    case WorkerState::busy:
      return "busy";
    case WorkerState::stopping:
      return "stopping";
    case WorkerState::gone:
      return "gone";
  }
  return "?";
}

WorkerNumber WorkerRoster::add() {
  const WorkerNumber number = next_++;
  workers_.emplace(number, Entry{});
  ++counts_[slot(WorkerState::starting)];
  return number;
}

void WorkerRoster::ready_busy(WorkerNumber number) { move(number, WorkerState::starting, WorkerState::busy); }

void WorkerRoster::ready_idle(WorkerNumber number, Time now) {
  move(number, WorkerState::starting, WorkerState::idle);
  entry(number).idle_since = now;
  idle_.push_back(number);
}

void WorkerRoster::failed(WorkerNumber number) { move(number, WorkerState::starting, WorkerState::gone); }

std::optional<WorkerNumber> WorkerRoster::take_idle() {
  if (idle_.empty()) return std::nullopt;
  const WorkerNumber number = idle_.back();
  idle_.pop_back();
  move(number, WorkerState::idle, WorkerState::busy);
  return number;
}

void WorkerRoster::give_back(WorkerNumber number, Time now) {
  move(number, WorkerState::busy, WorkerState::idle);
  entry(number).idle_since = now;
  idle_.push_back(number);
}

void WorkerRoster::stop(WorkerNumber number) {
  const WorkerState from = state(number);
  if (from != WorkerState::idle && from != WorkerState::busy)
    broken(number, "is stopped but neither idle nor busy");
  if (from == WorkerState::idle) forget_idle(number);
  move(number, from, WorkerState::stopping);
}

void WorkerRoster::reaped(WorkerNumber number) { move(number, WorkerState::stopping, WorkerState::gone); }

WorkerState WorkerRoster::state(WorkerNumber number) const {
  const auto found = workers_.find(number);
  return found == workers_.end() ? WorkerState::gone : found->second.state;
}

std::size_t WorkerRoster::count(WorkerState state) const {
  return state == WorkerState::gone ? 0 : counts_[slot(state)];
}

WorkerNumber WorkerRoster::longest_idle() const { return idle_.front(); }

WorkerRoster::Time WorkerRoster::longest_idle_since() const { return workers_.at(idle_.front()).idle_since; }

void WorkerRoster::move(WorkerNumber number, WorkerState from, WorkerState to) {
  Entry& worker = entry(number);
  if (worker.state != from) broken(number, "makes a step that its state does not allow");
  --counts_[slot(from)];
  if (to == WorkerState::gone) {
    workers_.erase(number);
    return;
  }
  worker.state = to;
  ++counts_[slot(to)];
}

WorkerRoster::Entry& WorkerRoster::entry(WorkerNumber number) {
  const auto found = workers_.find(number);
  if (found == workers_.end()) broken(number, "is not known");
  return found->second;
}

void WorkerRoster::forget_idle(WorkerNumber number) {
  idle_.erase(std::find(idle_.begin(), idle_.end(), number));
}

void WorkerRoster::verify() const {
  std::size_t seen[4] = {0, 0, 0, 0};
  for (const auto& [number, worker] : workers_) {
    if (worker.state == WorkerState::gone) broken(number, "is gone but still listed");
    ++seen[slot(worker.state)];
  }
  if (!std::equal(std::begin(seen), std::end(seen), std::begin(counts_)))
    throw std::logic_error("worker roster: the counts do not agree with the states");
  if (idle_.size() != counts_[slot(WorkerState::idle)])
    throw std::logic_error("worker roster: the idle list and the idle count differ");
  Time before{Time::min()};
  for (const WorkerNumber number : idle_) {
    const auto found = workers_.find(number);
    if (found == workers_.end() || found->second.state != WorkerState::idle)
      broken(number, "is listed as idle but is not");
    if (found->second.idle_since < before) broken(number, "is out of order in the idle list");
    before = found->second.idle_since;
  }
}

}  // namespace coffees
