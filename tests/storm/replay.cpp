#include "storm/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "storm/invariant.h"

namespace coffees::storm {

using events::Type;

namespace {

constexpr const char* kLegal = "an event follows from those before it";
constexpr const char* kSame = "the event log tells the same as the pool";

std::string seen(const events::Event& event) {
  return fmt::format("{} of worker {} as number {}", events::name_of(event.header.type), event.header.worker,
                     event.header.sequence);
}

}  // namespace

void Replay::read() {
  const auto each = [this](const events::Event& event) { take(event); };
  const auto dropped = [](std::uint64_t first, std::uint64_t) {
    throw Violation(fmt::format("no event is lost: number {} is", first));
  };
  while (reader_.read(each, dropped)) {
  }
}

void Replay::take(const events::Event& event) {
  switch (event.header.type) {
    case Type::worker_starting:
    case Type::worker_ready:
    case Type::worker_busy:
    case Type::worker_idle:
    case Type::worker_draining:
    case Type::worker_stopping:
    case Type::worker_stopped:
      take_worker(event);
      break;
    case Type::invocation_queued:
    case Type::invocation_started:
    case Type::invocation_finished:
      take_invocation(event);
      break;
    case Type::function_breaker:
      breakers_[event.header.function] = static_cast<events::BreakerState>(event.header.detail);
      break;
    default:
      break;
  }
}

void Replay::take_worker(const events::Event& event) {
  Workers& workers = workers_[event.header.function];
  if (event.header.type == Type::worker_starting) {
    require(workers.emplace(event.header.worker, Worker()).second, kLegal, seen(event));
    return;
  }
  const auto found = workers.find(event.header.worker);
  require(found != workers.end(), kLegal, seen(event));
  Worker& worker = found->second;
  const WorkerState before = worker.state;
  bool legal = true;
  switch (event.header.type) {
    case Type::worker_ready:
      legal = before == WorkerState::starting && !worker.ready;
      worker.ready = true;
      break;
    case Type::worker_busy:
      legal = worker.ready && (before == WorkerState::idle || before == WorkerState::starting);
      worker.state = WorkerState::busy;
      worker.request = event.as<events::Request>().id.view();
      break;
    case Type::worker_idle:
      legal = worker.ready && (before == WorkerState::busy || before == WorkerState::starting);
      worker.state = WorkerState::idle;
      break;
    case Type::worker_draining:
      legal = before == WorkerState::busy;
      worker.state = WorkerState::draining;
      break;
    case Type::worker_stopping:
      legal = worker.ready && before != WorkerState::stopping;
      worker.state = WorkerState::stopping;
      break;
    default:  // stopped
      legal = before == WorkerState::stopping || !worker.ready;
      workers.erase(found);
      break;
  }
  require(legal, kLegal, seen(event));
}

void Replay::take_invocation(const events::Event& event) {
  const std::string id(event.request_id());
  require(!finished_.contains(id), kLegal, seen(event) + ": its request has ended");
  if (event.header.type == Type::invocation_queued) {
    waiting_[id] = event.header.function;
  } else if (event.header.type == Type::invocation_started) {
    waiting_.erase(id);
    running_[id] = event.header.worker;
    Workers& workers = workers_[event.header.function];
    const auto worker = workers.find(event.header.worker);
    require(worker != workers.end() &&
                (worker->second.state == WorkerState::busy || worker->second.state == WorkerState::draining),
            kLegal, seen(event));
    worker->second.request = id;
  } else {
    waiting_.erase(id);
    running_.erase(id);
    finished_.insert(id);
  }
}

void Replay::compare(const Dispatcher& dispatcher) const {
  for (const auto& [name, pool] : dispatcher.catalog()) compare(*pool);
}

void Replay::compare(const WorkerPool& pool) const {
  const auto found = workers_.find(pool.settings().index);
  const Workers told = found == workers_.end() ? Workers() : found->second;
  const std::map<WorkerNumber, WorkerRecord>& there = pool.table().all();
  require(told.size() == there.size(), kSame,
          fmt::format("{} workers of {}, and {} in the pool", told.size(), pool.settings().function,
                      there.size()));
  for (const auto& [number, worker] : there) {
    const auto same = told.find(number);
    require(same != told.end() && same->second.state == worker.state, kSame,
            fmt::format("worker {} of {} is {}", number, pool.settings().function, name_of(worker.state)));
    if (worker.state != WorkerState::busy && worker.state != WorkerState::draining) continue;
    require(same->second.request == worker.request.view(), kSame,
            fmt::format("worker {} serves {}, not {}", number, worker.request.view(), same->second.request));
    require(running_.contains(same->second.request), kSame, fmt::format("worker {} serves nothing", number));
  }
  const auto breaker = breakers_.find(pool.settings().index);
  const bool open = breaker != breakers_.end() && breaker->second != events::BreakerState::closed;
  require(open == pool.breaker_is_open(), kSame, "whether the breaker is open");
  const auto waiting = std::count_if(waiting_.begin(), waiting_.end(), [&pool](const auto& one) {
    return one.second == pool.settings().index;
  });
  // Those that are told as waiting and are not in the queue have been given a worker that starts.
  const scaler::Snapshot now = pool.snapshot();
  const auto all = static_cast<std::size_t>(waiting);
  require(now.waiting <= all && all <= now.waiting + now.starting, kSame,
          fmt::format("{} wait; {} in the pool, {} workers start", all, now.waiting, now.starting));
}

}  // namespace coffees::storm
