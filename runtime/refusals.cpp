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
                        " is at its limit of " + std::to_string(limit) + " workers" + full);
}

Outcome refused_after_wait(const std::string& function) {
  return fewer_requests(Outcome::Kind::queue_timeout, function,
                        " had no free worker within its queue_timeout");
}

Outcome refused_by_breaker(const std::string& function, const std::string& cause,
                           std::chrono::nanoseconds pause) {
  Outcome outcome = Outcome::failure(
      Outcome::Kind::crash_loop,
      function + " died several times in a row without an answer between; the last cause: " + cause,
      "fix the handler; the next trial is automatic");
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
      function + " has answered, but the server holds as much for its clients as it may: the answer is lost",
      "read answers sooner or ask for less at once; `memory_budget` of [server] is the limit");
  outcome.retry_after = std::chrono::seconds(1);
  return outcome;
}

void explain_kill(Outcome& outcome, bool closed, bool by_operator) {
  if (closed) {
    outcome.kind = Outcome::Kind::draining;
    outcome.message = "the server has stopped before this was done; it may have been done in part";
    outcome.hint = "`drain` of [server] says how long it waits for what is under way";
  } else if (by_operator) {
    outcome.hint = "an operator stopped this worker while it served; send the request again";
  } else {
    outcome.hint = "its worker was stopped because of the request before it; send the request again";
  }
}

}  // namespace coffees
