#include "dispatcher/dispatcher.h"

#include <fmt/format.h>

#include "base/suggest.h"
#include "planted_bug.h"

namespace coffees {

Task<Outcome> Dispatcher::invoke(const Invocation& call) {
  const auto found = catalog_.find(call.function);
  if (found == catalog_.end()) co_return finished(events::kNoFunction, call, unknown_function(call.function));
  WorkerPool& pool = *found->second;
  const events::FunctionIndex index = pool.settings().index;
  if (draining_)
    co_return finished(index, call, Outcome::failure(Outcome::Kind::draining, "the server is stopping"));

  // Again if no handler has seen it: once if the worker died before it had read the request, and whenever the
  // request was revoked.
  Ticket ticket = pool.ticket();
  for (int deaths = 0;;) {
    Acquired acquired = co_await pool.acquire(call, ticket);
    if (auto* refusal = std::get_if<Outcome>(&acquired)) co_return finished(index, call, std::move(*refusal));
    Lease lease = std::get<Lease>(std::move(acquired));
    if (call.cancellation != nullptr && call.cancellation->requested())
      co_return finished(
          index, call,
          Outcome::failure(Outcome::Kind::client_gone, "the client left before a worker was free"));
    InvocationResult result = co_await lease.invoke(call);
    if (result.delivery == Delivery::revoked) continue;
    const bool not_started = result.delivery == Delivery::not_started ||
                             (planted("second-run") && result.outcome.kind == Outcome::Kind::crashed);
    if (not_started && deaths++ == 0) continue;
    if (planted("told-twice")) log_.invocation_finished(index, call, result.outcome, clock_.now());
    co_return finished(index, call, std::move(result.outcome));
  }
}

// Told before the lease ends: what becomes of the worker is told after what became of the invocation.
Outcome Dispatcher::finished(events::FunctionIndex function, const Invocation& call, Outcome outcome) {
  log_.invocation_finished(function, call, outcome, clock_.now());
  return outcome;
}

Outcome Dispatcher::unknown_function(std::string_view name) const {
  std::vector<std::string> known;
  for (const auto& [function, pool] : catalog_) known.push_back(function);
  const std::string meant = did_you_mean(name, known);
  return Outcome::failure(
      Outcome::Kind::unknown_function, fmt::format("there is no function named '{}'", name),
      fmt::format("{}known: {}", meant.empty() ? "" : fmt::format("did you mean '{}'? ", meant),
                  fmt::join(known, ", ")));
}

void Dispatcher::close() {
  draining_ = true;
  for (auto& [name, pool] : catalog_) pool->close();
}

}  // namespace coffees
