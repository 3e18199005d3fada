// One request, top to bottom: find its function, acquire a worker, invoke, give it back.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "invocation.h"
#include "loop.h"
#include "pool/worker_pool.h"

namespace coffees {

/// All functions of this server, by name.
using FunctionCatalog = std::map<std::string, std::unique_ptr<WorkerPool>, std::less<>>;

/// Runs invocations. Loop thread only. Must outlive its pools' workers and all callers' coroutines.
class Dispatcher {
 public:
  Dispatcher(FunctionCatalog catalog, events::EventLog& log, const Clock& clock)
      : catalog_(std::move(catalog)), log_(log), clock_(clock) {}

  /// Runs one invocation to its one outcome, and tells the log.
  Task<Outcome> invoke(const Invocation& call);

  /// From now on every new invocation is refused as draining; those under way go on.
  void drain() { draining_ = true; }
  /// Kills every worker.
  void close();

  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] const FunctionCatalog& catalog() const { return catalog_; }
  /// For what happens before a request reaches a function.
  [[nodiscard]] events::EventLog& log() const { return log_; }

 private:
  Outcome finished(events::FunctionIndex function, const Invocation& call, Outcome outcome);
  [[nodiscard]] Outcome unknown_function(std::string_view name) const;

  FunctionCatalog catalog_;
  events::EventLog& log_;
  const Clock& clock_;
  bool draining_ = false;
};

}  // namespace coffees
