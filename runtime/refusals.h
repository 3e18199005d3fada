// What a request is told that gets no worker, or loses it.
#pragma once

#include <string>

#include "invocation.h"

namespace coffees {

Outcome refused_as_draining();
/// All `limit` workers are busy, and so are the `queue` places to wait.
Outcome refused_at_limit(const std::string& function, std::size_t limit, std::size_t queue);
/// It has waited for its queue_timeout.
Outcome refused_after_wait(const std::string& function);
/// The circuit breaker is open: `cause` of the last death, `pause` until the next trial.
Outcome refused_by_breaker(const std::string& function, const std::string& cause,
                           std::chrono::nanoseconds pause);
/// Its client has gone while it waited.
Outcome refused_as_left();

/// The handler has answered, and there is no memory budget for its answer.
Outcome refused_over_budget(const std::string& function);

/// For a request whose worker was killed for another reason: the server stopped (`closed`), an operator
/// stopped that worker (`by_operator`), or the request before it made that necessary.
void explain_kill(Outcome& outcome, bool closed, bool by_operator);

}  // namespace coffees
