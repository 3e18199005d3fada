// The seam between a pool and whatever makes its workers: forks of a zygote, or a test's fakes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "invocation.h"
#include "loop.h"

namespace coffees {

/// The number in a worker's name; never used twice within a pool.
using WorkerNumber = std::uint32_t;

/// How far a worker got with an invocation.
enum class Delivery {
  started,      ///< the handler has seen the request, or may have
  not_started,  ///< the worker ended before it had read the request: another one may run it
  revoked,      ///< not started either, because revoke_unstarted() took it back
};

/// What came of handing an invocation to a worker.
struct InvocationResult {
  Outcome outcome;  ///< empty if it was revoked
  Delivery delivery = Delivery::started;
  bool printed = true;  ///< the worker's process may have printed something meanwhile
};

/// Is told when the turn of an invocation comes that was handed to a worker.
class TurnListener {
 public:
  /// The worker runs it from `now` on. Called at most once, within Worker::invoke() or Worker::begin_next().
  virtual void turn_begins(TimePoint now) = 0;

 protected:
  ~TurnListener() = default;
};

/// A running worker. Loop thread only.
class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  virtual ~Worker() = default;

  /// Runs one invocation. While another one runs, it waits for its turn in one of this worker's slots; only
  /// where can_pipeline() has just said so. `timeout` counts from its turn; a negative one means no limit.
  /// `cold`: it waited for this worker to start. `listener` outlives the invocation. Ends with one
  /// result, or throws if the machine is short of something; then, and after any outcome but ok,
  /// handler_error and over_budget, the worker must be killed.
  virtual Task<InvocationResult> invoke(const Invocation& call, Duration timeout, bool cold,
                                        TurnListener& listener) = 0;

  /// The most invocations that may be handed over at once: the one that runs and those behind it.
  [[nodiscard]] virtual std::size_t slots() const { return 1; }
  /// Whether there is an invocation running, and room for `call` behind it. The worker begins with it by
  /// itself as soon as it has answered the one before.
  [[nodiscard]] virtual bool can_pipeline(const Invocation& /*call*/) const { return false; }
  /// What came of the invocation that ran has been dealt with: the next one has its turn. May end it, and
  /// those behind it, within the call.
  virtual void begin_next() {}
  /// Takes back what the worker has not begun: these invocations end as `revoked` within the call, in the
  /// order in which they were handed over. can_pipeline() is false from then on, until the next turn.
  virtual void revoke_unstarted() {}

  /// Kills the process and everything it started. The source's on_end tells when it is gone. May be repeated.
  virtual void kill() = 0;

  /// Its process as the host numbers it; 0 without a process.
  [[nodiscard]] virtual int pid() const { return 0; }
};

/// Where the time of one cold start went: named, timed steps, in order.
struct ColdStart {
  struct Step {
    const char* name = "";
    Duration took{0};
  };
  std::array<Step, 6> steps{};
  std::size_t count = 0;
  Duration boot{0};  ///< all but init
  Duration init{0};  ///< what this start waited for the handler's own init

  void add(const char* name, Duration took) {
    if (count < steps.size()) steps[count++] = {name, took};
  }
};

/// A started worker, or the failure of its start (kind init_failed or no_resources).
struct StartResult {
  std::unique_ptr<Worker> worker;
  ColdStart cold_start;
  Outcome failure;  ///< kind ok if there is a worker
};

/// The state of a source, for status reports.
struct SourceStatus {
  std::string state = "ready";  ///< "loading", "ready", "failed"
  std::string failure;          ///< why, if it failed last
  Duration init{0};             ///< how long the handler's own init took, once for all workers
  bool fresh = false;           ///< every worker loads the library itself
};

/// Makes the workers of one function.
class WorkerSource {
 public:
  WorkerSource() = default;
  WorkerSource(const WorkerSource&) = delete;
  WorkerSource& operator=(const WorkerSource&) = delete;
  virtual ~WorkerSource() = default;

  /// Starts worker `number`. Any number of starts may be under way.
  virtual Task<StartResult> start(WorkerNumber number) = 0;

  /// Called on the loop, once for each worker, when its process has ended; also for one whose start fails
  /// later. The text says how: "died: segmentation fault".
  void on_end(std::function<void(WorkerNumber, const std::string&)> listener) {
    ended_ = std::move(listener);
  }

  /// Called on the loop after each attempt to get ready to start workers: kind ok, or what failed.
  void on_prepared(std::function<void(const Outcome&)> listener) { prepared_listener_ = std::move(listener); }

  [[nodiscard]] virtual SourceStatus status() const { return {}; }

 protected:
  void prepared(const Outcome& outcome) {
    if (prepared_listener_) prepared_listener_(outcome);
  }
  void worker_ended(WorkerNumber number, const std::string& how) {
    if (ended_) ended_(number, how);
  }

 private:
  std::function<void(WorkerNumber, const std::string&)> ended_;
  std::function<void(const Outcome&)> prepared_listener_;
};

}  // namespace coffees
