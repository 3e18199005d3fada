#include "dispatcher/dispatcher.h"

#include <fmt/format.h>

#include "config/units.h"

namespace coffees {

Task<Outcome> Dispatcher::invoke(const Invocation& call) {
  const auto found = catalog_.find(call.function);
  if (found == catalog_.end()) co_return finished(events::kNoFunction, call, unknown_function(call.function));
  Pool& pool = *found->second;
  const events::FunctionIndex index = pool.settings().index;
  if (draining_)
    co_return finished(index, call, Outcome::failure(Outcome::Kind::draining, "the server is stopping"));

  // A second time only when the worker died before it had read the request: then no handler has seen it.
  for (int attempt = 0;; ++attempt) {
    Acquired acquired = co_await pool.acquire(call);
    if (auto* refusal = std::get_if<Outcome>(&acquired)) co_return finished(index, call, std::move(*refusal));
    Lease lease = std::get<Lease>(std::move(acquired));
    if (call.cancellation != nullptr && call.cancellation->requested())
      co_return finished(
          index, call,
          Outcome::failure(Outcome::Kind::client_gone, "the client left before a worker was free"));
    bool undelivered = false;
    Outcome outcome = co_await lease.invoke(call, undelivered);
    if (!undelivered || attempt > 0) co_return finished(index, call, std::move(outcome));
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
  const std::string meant = config::did_you_mean(name, known);
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
