#include "refusals.h"

#include <algorithm>

namespace coffees {
namespace {

Outcome fewer_requests(Outcome::Kind kind, const std::string& function, const std::string& what) {
  Outcome outcome = Outcome::failure(
      kind, function + what,
      "raise `limit` or `queue` of [functions." + function + "], or send fewer requests at once");
  outcome.retry_after = std::chrono::seconds(1);
  return outcome;
}

}  // namespace

Outcome refused_as_draining() { return Outcome::failure(Outcome::Kind::draining, "the server is stopping"); }

Outcome refused_at_limit(const std::string& function, std::size_t limit, std::size_t queue) {
  const std::string full = queue > 0 ? " and its queue of " + std::to_string(queue) + " is full" : "";
  return fewer_requests(Outcome::Kind::throttled, function,
                        " has reached its limit of " + std::to_string(limit) + " workers" + full);
}

Outcome refused_after_wait(const std::string& function) {
  return fewer_requests(Outcome::Kind::queue_timeout, function,
                        " had no free worker within its queue_timeout");
}

Outcome refused_by_breaker(const std::string& function, const std::string& cause,
                           std::chrono::nanoseconds pause) {
  Outcome outcome = Outcome::failure(
      Outcome::Kind::crash_loop, function + ": its workers died several times in a row; last cause: " + cause,
      "fix the handler; the next trial request is automatic");
  outcome.retry_after = std::max(std::chrono::ceil<std::chrono::seconds>(pause), std::chrono::seconds(1));
  return outcome;
}

Outcome refused_as_left() {
  return Outcome::failure(Outcome::Kind::client_gone,
                          "the client closed its sending side while the request waited for a worker",
                          "keep the connection open for sending until the answer has come");
}

Outcome refused_over_budget(const std::string& function) {
  Outcome outcome = Outcome::failure(
      Outcome::Kind::over_budget,
      function + " has answered, but the server's memory budget is used up: the answer is lost",
      "read answers sooner, or ask for less at once; the limit is `memory_budget` of [server]");
  outcome.retry_after = std::chrono::seconds(1);
  return outcome;
}

void explain_kill(Outcome& outcome, bool closed, bool by_operator) {
  if (closed) {
    outcome.kind = Outcome::Kind::draining;
    outcome.message = "the server stopped before this request was finished; part of its work may be done";
    outcome.hint = "`drain` of [server] sets how long the server waits for running requests";
  } else if (by_operator) {
    outcome.hint = "an operator stopped this worker while it served; send the request again";
  } else {
    outcome.hint = "its worker was stopped because of the request before it; send the request again";
  }
}

}  // namespace coffees
