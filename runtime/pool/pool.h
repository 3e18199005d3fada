// The workers of one function: carries out what the scaler decides, in the order the roster allows.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <variant>

#include "deadlines.h"
#include "invocation.h"
#include "pool/breaker.h"
#include "pool/worker_roster.h"
#include "pool/worker_source.h"
#include "scaler/policy.h"

namespace coffees {

/// What a pool needs to know of its function.
struct PoolSettings {
  std::string function;
  scaler::Rules rules;
  Duration timeout{std::chrono::seconds(3)};  ///< of one invocation; negative: none
  Duration queue_timeout{std::chrono::seconds(1)};
  std::uint64_t max_requests = 0;  ///< a worker is retired after that many; 0: never
  bool reuse = true;               ///< false: a worker serves one invocation only
};

class Pool;

/// A worker on loan for one request. Its end gives the worker back, used or unused, or has it killed when it
/// cannot be used again.
class Lease {
 public:
  Lease(Pool& pool, WorkerNumber number, bool cold, Timing timing)
      : pool_(&pool), number_(number), cold_(cold), timing_(timing) {}
  Lease(Lease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)),
        number_(other.number_),
        cold_(other.cold_),
        reusable_(other.reusable_),
        timing_(other.timing_) {}
  Lease& operator=(Lease&&) = delete;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

  /// Runs the one invocation this lease is for.
  Task<Outcome> invoke(const Invocation& call, bool& undelivered);

 private:
  Pool* pool_;
  WorkerNumber number_;
  bool cold_;
  bool reusable_ = true;
  Timing timing_;
};

/// A lease, or the outcome of a request that gets none.
using Acquired = std::variant<Lease, Outcome>;

/// All workers of one function and the requests that wait for them. Loop thread only. The pool outlives its
/// leases; the source and the policy are its own.
class Pool {
 public:
  Pool(Loop& loop, Deadlines& deadlines, PoolSettings settings, std::unique_ptr<scaler::Policy> policy,
       std::unique_ptr<WorkerSource> source);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  /// Starts `min_warm` workers. Call once.
  void open();
  /// A worker for one request: warm, cold, after a wait in the queue, or refused.
  Task<Acquired> acquire();
  /// Kills every worker, whatever it does; requests that wait are refused. What arrives later is refused,
  /// too.
  void close();

  [[nodiscard]] const PoolSettings& settings() const { return settings_; }
  [[nodiscard]] const WorkerRoster& roster() const { return roster_; }
  [[nodiscard]] scaler::Snapshot snapshot() const;

 private:
  friend class Lease;

  // A request in the queue. Lives in its coroutine; the pool only points to it.
  struct Waiter {
    enum class Grant { none, worker, start };
    explicit Waiter(const Executor& executor) : timer(executor) {}
    Timer timer;
    Grant grant = Grant::none;
    WorkerNumber worker = 0;
  };

  struct Record {
    std::unique_ptr<Worker> worker;
    std::uint64_t served = 0;
    bool process_ended = false;
  };

  Task<Acquired> start_for_request(TimePoint arrived, WorkerNumber number);
  Task<Acquired> wait_in_queue(TimePoint arrived);
  Task<> start_spare(WorkerNumber number);
  Task<StartResult> start_worker(WorkerNumber number);
  [[nodiscard]] Outcome refusal() const;
  Outcome breaker_refusal(TimePoint now) const;

  void release(WorkerNumber number, bool reusable);
  void retire(WorkerNumber number);
  void process_ended(WorkerNumber number);
  enum class Occasion { completion, timer };
  void settle(Occasion occasion = Occasion::completion);
  void carry_out(scaler::Step step);
  void grant_front(Waiter::Grant grant, WorkerNumber worker);
  void judge(const Outcome& outcome);

  Loop& loop_;
  PoolSettings settings_;
  std::unique_ptr<scaler::Policy> policy_;
  std::unique_ptr<WorkerSource> source_;
  WorkerRoster roster_;
  Breaker breaker_;
  std::unordered_map<WorkerNumber, Record> records_;
  std::deque<Waiter*> queue_;
  Deadlines& deadlines_;
  Signal corpse_gone_;
  Deadline timer_;
  TimePoint spares_again_;  ///< no start for min_warm before that, after one has failed
  bool closed_ = false;
};

}  // namespace coffees
