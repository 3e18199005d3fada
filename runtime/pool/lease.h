// A worker on loan, for one request.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "events/record.h"
#include "invocation.h"
#include "loop.h"
#include "pool/circuit_breaker.h"
#include "pool/worker_roster.h"

namespace coffees {

class Pool;

/// A worker on loan for one request. Its end gives the worker back, used or unused, or has it killed when it
/// cannot be used again.
class Lease {
 public:
  Lease(Pool& pool, WorkerNumber number, CircuitBreaker::Permit permit, bool cold, Timing timing)
      : pool_(&pool), permit_(std::move(permit)), number_(number), cold_(cold), timing_(timing) {}
  /// For a request that `arrived` then and was handed over behind another one that is over now.
  Lease(Pool& pool, WorkerNumber number, CircuitBreaker::Permit permit, TimePoint arrived)
      : pool_(&pool), permit_(std::move(permit)), number_(number), cold_(false), arrived_(arrived) {}
  Lease(Lease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)),
        permit_(std::move(other.permit_)),
        number_(other.number_),
        cold_(other.cold_),
        used_(other.used_),
        reusable_(other.reusable_),
        spent_(other.spent_),
        reason_(other.reason_),
        timing_(other.timing_),
        arrived_(other.arrived_) {}
  Lease& operator=(Lease&&) = delete;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

  /// Runs the one invocation this lease is for.
  Task<Outcome> invoke(const Invocation& call, bool& undelivered);

 private:
  void judge(const Outcome& outcome, TimePoint now);

  Pool* pool_;
  CircuitBreaker::Permit permit_;
  WorkerNumber number_;
  bool cold_;
  bool used_ = false;  ///< a request was handed over
  bool reusable_ = true;
  bool spent_ = false;  ///< it has answered, but shall not serve another request; `reason_` says why
  events::StopReason reason_ = events::StopReason::crash;  ///< if it cannot be used again
  Timing timing_;
  std::optional<TimePoint> arrived_;
};

/// A lease, or the outcome of a request that gets none.
using Acquired = std::variant<Lease, Outcome>;

}  // namespace coffees
