// Who is in which state: pure bookkeeping, no process, no clock, no loop. It can check itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "pool/worker_state.h"

namespace coffees {

/// The number in a worker's name; never used twice within a pool.
using WorkerNumber = std::uint32_t;

/// All workers of one function. Every call is one legal step of worker_state.h; an illegal one throws
/// std::logic_error, because it is a bug in the caller. Times are counted from any fixed origin.
class WorkerRoster {
 public:
  using Time = std::chrono::nanoseconds;

  /// A new worker in state starting.
  WorkerNumber add();
  /// starting -> busy: the request it was started for gets it.
  void ready_busy(WorkerNumber number);
  /// starting -> idle: it was started for min_warm.
  void ready_idle(WorkerNumber number, Time now);
  /// starting -> gone: the cold start failed.
  void failed(WorkerNumber number);
  /// idle -> busy for the worker that was freed last, or nothing when none is idle.
  std::optional<WorkerNumber> take_idle();
  /// busy -> idle: the invocation is complete.
  void give_back(WorkerNumber number, Time now);
  /// idle or busy -> stopping.
  void stop(WorkerNumber number);
  /// stopping -> gone: the process was reaped.
  void reaped(WorkerNumber number);

  /// The state of a worker; `gone` for one that is not known (any more).
  [[nodiscard]] WorkerState state(WorkerNumber number) const;
  [[nodiscard]] std::size_t count(WorkerState state) const;
  /// The idle worker that waits longest, and since when. Only when one is idle.
  [[nodiscard]] WorkerNumber longest_idle() const;
  [[nodiscard]] Time longest_idle_since() const;

  /// Throws std::logic_error, saying which, when an invariant does not hold: every worker is in exactly one
  /// state; the counts agree with the states; the idle list holds exactly the idle workers, in the order in
  /// which they were freed.
  void verify() const;

 private:
  struct Entry {
    WorkerState state = WorkerState::starting;
    Time idle_since{0};
  };

  void move(WorkerNumber number, WorkerState from, WorkerState to);
  Entry& entry(WorkerNumber number);
  void forget_idle(WorkerNumber number);

  std::unordered_map<WorkerNumber, Entry> workers_;
  std::vector<WorkerNumber> idle_;  ///< freed last at the back
  std::size_t counts_[4] = {0, 0, 0, 0};
  WorkerNumber next_ = 1;
};

}  // namespace coffees
