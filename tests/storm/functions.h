// A function with settings that chance has chosen.
#pragma once

#include <memory>
#include <string>

#include "pool/worker_pool.h"
#include "storm/simulated_source.h"

namespace coffees::storm {

struct DrawnFunction {
  std::unique_ptr<WorkerPool> pool;
  SimulatedSource* source = nullptr;  ///< the pool's
};

/// Replaces what can be replaced while it serves, as chance will have it; its timeouts stay.
void redraw_settings(World& world, WorkerPool& pool);

/// `index`: its place in `log`. All that are referred to outlive the pool.
DrawnFunction draw_function(World& world, const std::string& name, std::size_t index,
                            const FaultRates& faults, LogSink& sink, events::EventLog& log);

}  // namespace coffees::storm
