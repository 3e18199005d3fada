#include "invocation.h"

namespace coffees {

int status_of(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::ok:
      return outcome.status;
    case Outcome::Kind::handler_error:
      return 500;
    case Outcome::Kind::timeout:
      return 504;
    case Outcome::Kind::out_of_memory:
    case Outcome::Kind::crashed:
    case Outcome::Kind::protocol_error:
    case Outcome::Kind::response_too_large:
    case Outcome::Kind::init_failed:
      return 502;
    case Outcome::Kind::throttled:
    case Outcome::Kind::queue_timeout:
      return 429;
    case Outcome::Kind::crash_loop:
    case Outcome::Kind::no_resources:
    case Outcome::Kind::over_budget:
    case Outcome::Kind::draining:
    case Outcome::Kind::client_gone:
      return 503;
    case Outcome::Kind::unknown_function:
      return 404;
  }
  return 500;
}

const char* code_of(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::ok:
      return "ok";
    case Outcome::Kind::handler_error:
      return "handler_error";
    case Outcome::Kind::out_of_memory:
      return "out_of_memory";
    case Outcome::Kind::timeout:
      return "timeout";
    case Outcome::Kind::crashed:
      return "crashed";
    case Outcome::Kind::protocol_error:
      return "protocol_error";
    case Outcome::Kind::response_too_large:
      return "response_too_large";
    case Outcome::Kind::init_failed:
      return "init_failed";
    case Outcome::Kind::throttled:
      return "throttled";
    case Outcome::Kind::queue_timeout:
      return "queue_timeout";
    case Outcome::Kind::crash_loop:
      return "crash_loop";
    case Outcome::Kind::no_resources:
      return "no_resources";
    case Outcome::Kind::over_budget:
      return "over_budget";
    case Outcome::Kind::draining:
      return "draining";
    case Outcome::Kind::unknown_function:
      return "unknown_function";
    case Outcome::Kind::client_gone:
      return "client_gone";
  }
  return "?";
}

const char* outcome_of(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::ok:
      return "ok";
    case Outcome::Kind::handler_error:
      return "error";
    case Outcome::Kind::timeout:
      return "timeout";
    case Outcome::Kind::out_of_memory:
    case Outcome::Kind::crashed:
    case Outcome::Kind::protocol_error:
    case Outcome::Kind::response_too_large:
    case Outcome::Kind::init_failed:
      return "crashed";
    case Outcome::Kind::throttled:
    case Outcome::Kind::queue_timeout:
      return "throttled";
    case Outcome::Kind::crash_loop:
    case Outcome::Kind::no_resources:
    case Outcome::Kind::over_budget:
    case Outcome::Kind::draining:
      return "unavailable";
    case Outcome::Kind::unknown_function:
      return "unknown_function";
    case Outcome::Kind::client_gone:
      return "client_gone";
  }
  return "?";
}

}  // namespace coffees
