// The seam between the pool and whatever makes workers: forks of a zygote today, other programs or a test's
// fakes as well.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "invocation.h"
#include "loop.h"
#include "pool/worker_roster.h"

namespace coffees {

/// A running worker. Serves one invocation at a time; the pool sees to that. Loop thread only.
class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  virtual ~Worker() = default;

  /// Runs one invocation, for `timeout` at most from the moment it is handed over (a negative one means no
  /// limit). Always ends with one outcome; after any but ok and handler_error the worker must be killed.
  /// `undelivered` is set when the worker was gone before it had read the request: then, and only then,
  /// another worker may run it.
  virtual Task<Outcome> invoke(const Invocation& call, Duration timeout, bool cold, bool& undelivered) = 0;

  /// Hands `call` over behind the invocation that runs: the worker begins with it by itself, as soon as it
  /// has answered. Each has to be followed by invoke() with the same call, in the same order, or to be taken
  /// back. Returns false when there is no room for it, or no invocation running.
  virtual bool post_ahead(const Invocation& /*call*/, Duration /*timeout*/) { return false; }
  /// Takes back what was posted ahead and has not been begun. Returns how many, always the newest ones.
  virtual std::size_t take_back() { return 0; }

  /// Kills the process and everything it started. The source's on_end tells when it is gone. May be repeated.
  virtual void kill() = 0;

  /// Its process as the host numbers it; 0 when there is none.
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

/// A started worker, or why there is none (kind init_failed or no_resources).
struct StartResult {
  std::unique_ptr<Worker> worker;
  ColdStart cold_start;
  Outcome failure;
};

/// How a source is, for those who look on.
struct SourceStatus {
  std::string state = "ready";  ///< "loading", "ready", "failed"
  std::string failure;          ///< why, when it failed last
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

  /// Called on the loop, once for each worker that start() returned, when its process has ended and was
  /// reaped. The text says how: "died: segmentation fault".
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
