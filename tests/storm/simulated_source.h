// Makes real ProcessWorkers whose processes are simulated.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "storm/simulated_process.h"
#include "worker/mailbox_poller.h"
#include "worker/process_worker.h"
#include "worker_source/worker_source.h"

namespace coffees::storm {

class SimulatedHandle;

/// The workers of one function. `faults` is looked at again for each request.
class SimulatedSource : public WorkerSource {
 public:
  SimulatedSource(World& world, const FaultRates& faults, ProcessSettings settings, LogSink& sink)
      : world_(world),
        faults_(faults),
        settings_(std::move(settings)),
        sink_(sink),
        poller_(world.loop.get_executor(), world.timers) {}

  Task<StartResult> start(WorkerNumber number) override;

  /// Lets each process look for requests. Returns whether one has found any.
  bool look();
  [[nodiscard]] std::size_t alive() const;
  /// Their numbers.
  [[nodiscard]] std::vector<WorkerNumber> living() const;

 private:
  struct Running {
    std::shared_ptr<SimulatedProcess> process;
    SimulatedHandle* handle = nullptr;  ///< null once its worker is gone
  };

  enum class Fault {
    none,
    init_failed,
    no_resources,
    hangs,  ///< the zygote, which is replaced
    dead,   ///< the worker, as soon as it has been started
  };
  Duration longest_boot();
  static StartResult failure(Fault fault);
  StartResult make_worker(WorkerNumber number, bool dies);

  World& world_;
  const FaultRates& faults_;
  ProcessSettings settings_;
  LogSink& sink_;
  MailboxPoller poller_;
  std::map<WorkerNumber, Running> running_;  ///< whose end has not been seen
  std::map<WorkerNumber, ProcessWorker*> workers_;
};

}  // namespace coffees::storm
