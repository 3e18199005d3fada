#include "outcome_table.h"

namespace coffees {
namespace {

using Kind = Outcome::Kind;

constexpr std::array<OutcomeRow, kOutcomeKinds> kOutcomes{{
    {Kind::ok, "ok", "ok", 0, kOk, "The handler answered.", ""},
    {Kind::handler_error, "handler_error", "error", 500, kFunctionError,
     "The handler threw an exception, or its answer is not allowed in HTTP.",
     "Read the exception's type and message, and the request's log: coffees logs REQUEST_ID."},
    {Kind::out_of_memory, "out_of_memory", "crashed", 502, kCrashed,
     "An allocation failed at the function's memory limit.", "Raise `memory` of the function, or use less."},
    {Kind::timeout, "timeout", "timeout", 504, kTimeout,
     "The invocation took longer than the function's timeout; its worker was stopped.",
     "Raise `timeout` of the function, or do less per call."},
    {Kind::crashed, "crashed", "crashed", 502, kCrashed, "The worker process ended before it had answered.",
     "The detail names the signal and the place; the request's log shows what was printed before."},
    {Kind::protocol_error, "protocol_error", "crashed", 502, kCrashed,
     "The worker sent something that is not an answer.",
     "Check whether the handler writes to descriptor 3, which belongs to the runtime."},
    {Kind::response_too_large, "response_too_large", "crashed", 502, kCrashed,
     "The answer is longer than max_body.", "Raise `max_body` of [server], or answer with less."},
    {Kind::init_failed, "init_failed", "crashed", 502, kCrashed,
     "The handler library could not be loaded or initialised.",
     "Run `coffees check`: it loads the library and says what is wrong."},
    {Kind::throttled, "throttled", "throttled", 429, kRefused,
     "All workers of the function are busy, and its queue is full.",
     "Send fewer requests at once, or raise `limit` or `queue` of the function."},
    {Kind::queue_timeout, "queue_timeout", "throttled", 429, kRefused,
     "No worker became free within queue_timeout.",
     "Send fewer requests at once, or raise `limit` or `queue_timeout` of the function."},
    {Kind::crash_loop, "crash_loop", "unavailable", 503, kRefused,
     "The function's workers died several times in a row; its breaker is open.",
     "Fix the handler. A trial request is let through after 1, 2, 4, up to 30 s."},
    {Kind::no_resources, "no_resources", "unavailable", 503, kRefused,
     "The machine refused to start a worker.",
     "Use fewer workers, or raise the machine's limits (ulimit -u, -n) or memory."},
    {Kind::over_budget, "over_budget", "unavailable", 503, kRefused,
     "The handler has run, but the memory budget has no room for its answer.",
     "Send it again later, send less at once, or raise `memory_budget` of [server]."},
    {Kind::draining, "draining", "unavailable", 503, kRefused, "The server is stopping.",
     "Send the request again when the server has started again."},
    {Kind::unknown_function, "unknown_function", "unknown_function", 404, kUsage,
     "There is no function of this name.", "Run `coffees list` to see the functions."},
    {Kind::client_gone, "client_gone", "client_gone", 503, kRefused,
     "The client closed its connection, or its sending side, while the request waited.",
     "Keep the connection open for sending until the answer has come."},
}};

constexpr bool outcomes_in_order() {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i)
    if (static_cast<std::size_t>(kOutcomes[i].kind) != i) return false;
  return true;
}
static_assert(outcomes_in_order());

const OutcomeRow& outcome_row(Kind kind) { return kOutcomes[static_cast<std::size_t>(kind)]; }

}  // namespace

const std::array<OutcomeRow, kOutcomeKinds>& outcome_rows() { return kOutcomes; }

int status_of(const Outcome& outcome) {
  return outcome.kind == Kind::ok ? outcome.status : outcome_row(outcome.kind).status;
}
const char* code_of(Kind kind) { return outcome_row(kind).code; }
const char* outcome_of(Kind kind) { return outcome_row(kind).outcome; }

}  // namespace coffees
