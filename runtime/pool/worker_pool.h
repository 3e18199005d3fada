// The workers of one function and the requests that wait for them.
#pragma once

#include <memory>
#include <vector>

#include "base/defaults.h"
#include "events/event_log.h"
#include "pool/lease.h"
#include "pool/worker_table.h"
#include "request_queue.h"
#include "scaler/circuit_breaker.h"
#include "scaler/concurrency_limiter.h"
#include "scaler/policy.h"

namespace coffees {

/// What a pool needs to know of its function.
struct PoolSettings {
  std::string function;
  events::FunctionIndex index = 0;  ///< its place in the configuration
  std::uint32_t generation = 1;     ///< grows when its workers have to be replaced
  scaler::Rules rules;
  Duration timeout = defaults::kTimeout;  ///< of one invocation; negative: none
  Duration queue_timeout = defaults::kQueueTimeout;
  std::uint64_t max_requests = 0;  ///< a worker is retired after that many; 0: never
  bool reuse = true;               ///< false: a worker serves one invocation only
  Duration patience = scaler::ConcurrencyLimiter::kPatience;
  unsigned processors = 1;  ///< of this machine
};

/// The scaler's clock has no origin of its own: it counts as the pool's does.
constexpr scaler::Time since_origin(TimePoint time) { return time.time_since_epoch(); }

/// Carries out what the scaling policy decides. Loop thread only. Outlives its leases.
class WorkerPool {
 public:
  WorkerPool(Loop& loop, TimerQueue& timers, PoolSettings settings, std::unique_ptr<scaler::Policy> policy,
             std::unique_ptr<WorkerSource> source, events::EventLog& log);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  /// Starts `min_warm` workers. Call once.
  void open();
  /// For a request that has arrived now.
  [[nodiscard]] Ticket ticket();
  /// A worker for this request: warm, cold, after a wait in the queue, or refused. Call and ticket outlive
  /// the lease.
  Task<Acquired> acquire(const Invocation& call, Ticket& ticket);

  /// Replaces the function's settings while it serves; name and index stay. With another generation its
  /// workers are replaced, too: as by cold().
  void replace(PoolSettings settings, std::unique_ptr<scaler::Policy> policy);
  /// Starts up to `count` workers without a request, as far as the limit allows. Returns how many.
  std::size_t warm(std::size_t count);
  /// Retires the idle workers now, the busy ones when they have answered. Those that start retire when they
  /// are ready, or have served the request that they start for. Returns how many there are.
  std::size_t cold();
  /// Kills this worker, whatever it does. Returns false if there is no worker of that number that is ready,
  /// or it is stopping already.
  bool stop_worker(WorkerNumber number);
  /// Kills every worker, whatever it does. Requests that wait, or arrive later, are refused.
  void close();

  [[nodiscard]] const PoolSettings& settings() const { return function_.settings; }
  [[nodiscard]] const WorkerTable& table() const { return workers_; }
  [[nodiscard]] const RequestQueue& queue() const { return queue_; }
  /// What the scaling policy is told: `waiting` is those that wait for a worker.
  [[nodiscard]] scaler::Snapshot snapshot() const;
  [[nodiscard]] SourceStatus source_status() const { return source_->status(); }
  [[nodiscard]] bool breaker_is_open() const { return breaker_.is_open(); }
  [[nodiscard]] events::BreakerState breaker_state() const {
    return static_cast<events::BreakerState>(breaker_.state());  // worker_pool.cpp checks that they agree
  }

  // -- For Lease.
  Task<InvocationResult> invoke(Loan& loan, TurnListener& listener);
  void turn_begins(Loan& loan, TimePoint now);
  void warn_of_breaker(scaler::CircuitBreaker::State state) const;
  void release(Loan& loan);

 private:
  using Reason = RequestQueue::Reason;
  using Verdict = RequestQueue::Verdict;

  // Requests: worker_pool.cpp.
  Task<> wait_for_limiter(const Invocation& call, const Ticket& ticket);
  Task<Acquired> wait_for_worker(const Invocation& call, Ticket& ticket);
  void admit_waiting();
  void reset_limiter_if_slow();
  Lease lend(WorkerRecord& worker, Ticket& ticket, Loan::Kind kind);
  Lease lend_slot(WorkerRecord& worker, Ticket& ticket);
  WorkerRecord& reserve_idle();
  WorkerRecord* find_worker_with_slot(const Invocation& call);
  void record_result(const Loan& loan, const Outcome& outcome);

  // Workers: start.cpp, retire.cpp, reconcile.cpp.
  Task<Acquired> start_for_request(WorkerRecord& worker, Ticket& ticket);
  Task<> start_spare(WorkerRecord& worker);
  Task<StartResult> start_worker(WorkerRecord& worker, bool spare);
  Task<> wait_for_dying_processes();
  [[nodiscard]] std::optional<events::StopReason> reason_to_stop(const Loan& loan) const;
  void become_idle(WorkerRecord& worker);
  void drain(WorkerRecord& worker, events::StopReason reason);
  void retire(WorkerRecord& worker, events::StopReason reason);
  void kill_soon(WorkerRecord& worker);
  void go_on_with_next(WorkerRecord& worker, const Loan& loan, std::optional<events::StopReason> stop);
  void forget(WorkerRecord& worker);
  void process_ended(WorkerNumber number, const std::string& how);
  enum class Trigger { completion, timer };
  void reconcile(Trigger trigger = Trigger::completion);
  void apply(scaler::Step step);

  /// What replace() replaces.
  struct Function {
    PoolSettings settings;
    std::unique_ptr<scaler::Policy> policy;
  };
  struct Alarms {
    Deadline reconcile;
    Deadline limiter;  ///< while requests wait for it, or in slots
    Deadline clients;  ///< to look for those that have left
  };
  /// What may hold up the start of a worker.
  struct Starts {
    Signal process_ended;
    TimePoint next_spare;  ///< not before, after one has failed
  };

  Loop& loop_;
  TimerQueue& timers_;
  events::EventLog& log_;
  Function function_;
  std::unique_ptr<WorkerSource> source_;
  WorkerTable workers_;
  RequestQueue queue_;
  scaler::CircuitBreaker breaker_;
  scaler::ConcurrencyLimiter limiter_;
  Alarms alarms_;
  Starts starts_;
  /// What it is in the middle of.
  struct Progress {
    std::uint64_t last_place = 0;  ///< in the order of arrival
    bool admitting = false;        ///< admit_waiting() is at work, further down the stack
    bool releasing = false;        ///< the same of release()
    bool closed = false;
  } progress_;
};

}  // namespace coffees
