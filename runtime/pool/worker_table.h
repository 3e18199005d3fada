// All workers of one function, each in exactly one state: pure bookkeeping, no clock, no loop. It can check
// itself.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/record.h"
#include "worker_source/worker_source.h"

namespace coffees {

/// The life of a worker.
///
///       +--------------------+
///       |                    v
///   starting --> idle <--> busy --> draining
///       |          |         |         |
///       |          +---------+---------+--> stopping --> gone
///       +--> gone (the start failed)
enum class WorkerState {
  starting,  ///< cold start under way: forked, isolated, perhaps loading; not usable yet
  idle,      ///< ready, waits for work; freed workers wait here until keep_warm is over
  busy,      ///< serves an invocation; more may wait in its slots
  draining,  ///< serves what it was handed, takes nothing new, and stops then
  stopping,  ///< being killed; no longer counted, its process may still exist
  gone,      ///< its process has ended
};
constexpr std::size_t kWorkerStates = 6;

/// "starting", "idle", ...
const char* name_of(WorkerState state);

/// One worker.
struct WorkerRecord {
  WorkerNumber number = 0;
  std::uint32_t generation = 1;                  ///< of the settings that it was started with
  WorkerState state = WorkerState::starting;     ///< WorkerTable::become() changes it
  WorkerState reported = WorkerState::starting;  ///< what the event log was told last: starting, idle, busy
  std::unique_ptr<Worker> worker;                ///< null while it starts
  std::size_t leases = 0;                        ///< that are out: the slots in use
  std::uint64_t served = 0;
  ColdStart cold_start;         ///< where the time of its start went
  events::RequestName request;  ///< which one it runs, or ran last

  /// Moments in its life.
  struct Times {
    TimePoint started;   ///< its start was asked for
    TimePoint ready;     ///< the start was done
    TimePoint reported;  ///< the last change of `reported`
  } times;

  /// Why and how it stops.
  struct End {
    std::optional<events::StopReason> reason;  ///< set: it takes no new requests
    bool killed = false;                       ///< by us
    bool process_ended = false;
    std::string how;  ///< in words, if the process ended by itself
  } end;
};

/// The workers. Loop thread only. A step that worker_table.h does not draw throws std::logic_error, because
/// it is a bug in the caller.
class WorkerTable {
 public:
  /// A new worker in state starting. The reference is valid until it is gone.
  WorkerRecord& add(std::uint32_t generation, TimePoint now);
  /// starting -> idle, idle -> busy, ... The record of a worker that becomes gone is destroyed.
  void become(WorkerRecord& worker, WorkerState state);

  /// Null for one that is not known (any more).
  [[nodiscard]] WorkerRecord* find(WorkerNumber number);
  [[nodiscard]] std::size_t count(WorkerState state) const {
    return counts_[static_cast<std::size_t>(state)];
  }
  /// The worker that became idle last, and the one that did so first. Only when one is idle.
  [[nodiscard]] WorkerRecord& newest_idle() { return *idle_.back(); }
  [[nodiscard]] WorkerRecord& longest_idle() { return *idle_.front(); }
  [[nodiscard]] const WorkerRecord& longest_idle() const { return *idle_.front(); }
  /// By number.
  [[nodiscard]] const std::map<WorkerNumber, WorkerRecord>& all() const { return workers_; }
  [[nodiscard]] std::map<WorkerNumber, WorkerRecord>& all() { return workers_; }

  /// Throws std::logic_error, saying which, when an invariant does not hold: the counts agree with the
  /// states; the idle list holds exactly the idle workers, in the order in which they became idle; a worker
  /// has leases if and only if it is busy or draining, and never more than slots.
  void verify() const;

 private:
  std::map<WorkerNumber, WorkerRecord> workers_;
  std::vector<WorkerRecord*> idle_;  ///< newest at the back
  std::size_t counts_[kWorkerStates] = {};
  WorkerNumber next_ = 1;
};

}  // namespace coffees
