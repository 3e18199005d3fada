// The scaler: decides when workers start, wait and go. Pure: no clock, no process, no lock; `now` is an
// argument.
#pragma once

#include "scaler/snapshot.h"

namespace coffees::scaler {

/// One function's scaling policy. Not thread-safe; one instance per function. A decision is carried out
/// before the next question is asked.
class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  /// A request arrived; it is not in `snapshot.waiting` yet.
  virtual Admission on_arrival(const Snapshot& snapshot, Time now) = 0;

  /// Something was completed: an invocation, a start, the end of a worker, a wait in the queue.
  /// Asked again after each step that was carried out, until the answer is Step::none.
  virtual Step on_completion(const Snapshot& snapshot, Time now) = 0;

  /// The time that wake_at() named has come, or the pool has just been made. Asked again until Step::none.
  virtual Step on_timer(const Snapshot& snapshot, Time now) = 0;

  /// When on_timer() wants to be asked next, kForever for never. Asked after each change.
  [[nodiscard]] virtual Time wake_at(const Snapshot& snapshot) const = 0;
};

}  // namespace coffees::scaler
