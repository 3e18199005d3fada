// What status reports say about workers.
#pragma once

#include <vector>

#include "pool/worker_pool.h"

namespace coffees {

/// One worker at one moment.
struct WorkerStatus {
  WorkerNumber number = 0;
  WorkerState state = WorkerState::starting;
  std::uint32_t generation = 1;  ///< of the settings that it was started with
  int pid = 0;                   ///< as the host numbers it; 0 while it starts
  TimePoint started;             ///< when its start was asked for
  Duration cold_start{0};        ///< until it was ready
  ColdStart steps;               ///< where that time went
  TimePoint since;               ///< when it became idle or busy
  std::uint64_t served = 0;
  events::RequestName request;              ///< busy, draining: which one it serves
  TimePoint retires_at = TimePoint::max();  ///< idle: when keep_warm ends, if no request comes
};

/// All workers of a pool at `now`, by number. Loop thread only.
std::vector<WorkerStatus> worker_statuses(const WorkerPool& pool, TimePoint now);

}  // namespace coffees
