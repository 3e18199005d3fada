// A worker on loan, for one request.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "events/record.h"
#include "invocation.h"
#include "loop.h"
#include "scaler/circuit_breaker.h"
#include "worker_source/worker_source.h"

namespace coffees {

class WorkerPool;
struct WorkerRecord;

/// A request's place among all that a function gets, from its arrival until its answer. Each attempt to run
/// it is made with the same one.
struct Ticket {
  TimePoint arrived;
  std::uint64_t place = 0;       ///< in the order of arrival
  std::uint32_t generation = 1;  ///< of the function's settings when it arrived
  bool revoked = false;          ///< it was handed to a worker and taken back
  std::optional<scaler::CircuitBreaker::Permit>
      permit;  ///< the breaker's leave; a trial ends with the request
};

/// What a lease is about.
struct Loan {
  enum class Kind {
    warm,       ///< the worker was idle
    cold,       ///< it was started for this request
    pipelined,  ///< it runs another request
  };
  WorkerRecord* worker = nullptr;
  Ticket* ticket = nullptr;
  Kind kind = Kind::warm;
  Timing timing;
  const Invocation* call = nullptr;  ///< set: it was handed over
  TimePoint turn_began;
  bool turn_ended = false;                 ///< with a result
  std::optional<events::StopReason> stop;  ///< set: the worker may not serve another request
  bool kill = false;                       ///< the worker may not even finish what it has begun
};

/// A worker on loan for one request. Its end gives the worker back, used or unused, or has it killed when it
/// cannot be used again. The pool, and the request's ticket, outlive it.
class Lease final : private TurnListener {
 public:
  Lease(WorkerPool& pool, const Loan& loan) : pool_(&pool), loan_(loan) {}
  Lease(Lease&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), loan_(other.loan_) {}
  Lease& operator=(Lease&&) = delete;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

  /// Runs the one invocation that this lease is for. It stays in its place meanwhile.
  Task<InvocationResult> invoke(const Invocation& call);

 private:
  void turn_begins(TimePoint now) override;
  WorkerPool* pool_;
  Loan loan_;
};

/// A lease, or the outcome of a request that gets none.
using Acquired = std::variant<Lease, Outcome>;

}  // namespace coffees
