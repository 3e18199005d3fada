// The values that travel: an Invocation goes down the path, an Outcome comes back up.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "bytes.h"
#include "memory_budget.h"

namespace coffees {

/// Tells that the client of an invocation has gone. One per invocation, on the loop's thread.
class Cancellation {
 public:
  /// Asks for the end; calls what on_request() was given, once.
  void request() {
    requested_ = true;
    // Taken out first: the action may end the invocation, which clears it.
    if (const std::function<void()> action = std::exchange(action_, {})) action();
  }
  [[nodiscard]] bool requested() const { return requested_; }
  /// What to do when the end is asked for; replaces the former action. An empty function clears it.
  void on_request(std::function<void()> action) { action_ = std::move(action); }

 private:
  bool requested_ = false;
  std::function<void()> action_;
};

/// The client of an invocation, for a queue that makes it wait.
class Caller {
 public:
  Caller() = default;
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  virtual ~Caller() = default;
  /// Whether it sends no more: has closed the connection, or its sending side of it. One system call; loop
  /// thread only.
  [[nodiscard]] virtual bool has_left() = 0;
};

/// One request for one function. All views borrow from the connection that read it and outlive the
/// invocation.
struct Invocation {
  std::string_view function;
  std::string_view request_id;
  std::string_view given_request_id;  ///< what the client wanted it to be, when that was in use; else empty
  std::string_view method;
  std::string_view path;     ///< what follows the function's name: "" or "/..."
  std::string_view query;    ///< what follows "?"
  std::string_view client;   ///< its address, "192.0.2.1"; empty when it is not known
  std::string_view headers;  ///< header_block.h
  std::string_view body;
  Cancellation* cancellation = nullptr;  ///< null: the invocation is finished whatever happens to the client
  Caller* caller = nullptr;              ///< null: no one asks whether it has left
};

/// Where the time of an invocation went. Measured, never estimated.
struct Timing {
  std::chrono::nanoseconds queue{0};  ///< from arrival until a worker was chosen, its start began, or, if it
                                      ///< was pipelined, the worker began with it
  std::chrono::nanoseconds boot{0};   ///< cold only: until a worker was isolated and ready, without init
  std::chrono::nanoseconds init{0};   ///< cold only: what this request waited for the handler's own init
  std::chrono::nanoseconds exec{0};   ///< from handing over, or beginning, until its answer was complete
};

/// What an invocation took of the machine, as its worker's kernel accounts for it (getrusage(2)).
struct Usage {
  std::chrono::nanoseconds cpu{0};  ///< user and system time of the worker during the invocation
  std::uint64_t peak_rss = 0;       ///< bytes, the most that the worker ever held; 0: not known
  bool waited = true;               ///< the handler slept or waited for something
  std::chrono::nanoseconds ran{0};  ///< as the worker measured it; 0: not known
  bool left_children = false;       ///< processes that it started are still there, running or ended
  bool unfit = false;               ///< the worker has lost the means to serve another request
};

/// What came of an invocation. Exactly one per request.
struct Outcome {
  enum class Kind {
    ok,                  ///< the handler answered; status, headers and body are its own
    handler_error,       ///< the handler threw, or reported an error
    out_of_memory,       ///< an allocation failed at the function's memory limit
    timeout,             ///< the deadline passed; the worker was killed
    crashed,             ///< the worker process ended
    protocol_error,      ///< the worker sent something that is not an answer
    response_too_large,  ///< the answer was longer than max_body
    init_failed,    ///< the handler library could not be loaded or initialised, or its worker not be started
    throttled,      ///< at the limit, and no place in the queue
    queue_timeout,  ///< at the limit, and the queue did not move within queue_timeout
    crash_loop,     ///< the breaker is open after repeated deaths
    no_resources,   ///< the machine refused to start a worker
    over_budget,    ///< its answer would have passed the server's memory budget; the worker is well
    draining,       ///< the server is stopping
    unknown_function,
    client_gone,  ///< the client left before a worker was free, or at any time with --cancel-on-disconnect
                  ///< (last one)
  };

  Kind kind = Kind::ok;
  int status = 200;     ///< ok only
  std::string headers;  ///< ok only: header_block.h
  Bytes body;  ///< ok only; complete. An answer that streams will bring a source of further pieces here.
  MemoryCharge memory{};                ///< what an answer of more than one page has of the budget
  std::string type;                     ///< handler_error: the exception's type
  std::string message;                  ///< not ok: what happened, in one sentence
  std::string hint;                     ///< not ok: what to do about it
  std::uint32_t worker_number = 0;      ///< who served: the 3 of "espresso#3"; 0 when no worker was reached
  bool cold = false;                    ///< it waited for its worker to start
  std::chrono::seconds retry_after{0};  ///< rejections: value of Retry-After
  Timing timing;
  Usage usage;

  /// An outcome that is not the handler's answer.
  static Outcome failure(Kind kind, std::string message, std::string hint = {}) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.message = std::move(message);
    outcome.hint = std::move(hint);
    return outcome;
  }
};

/// How many kinds of outcome there are.
constexpr std::size_t kOutcomeKinds = static_cast<std::size_t>(Outcome::Kind::client_gone) + 1;

/// The HTTP status of an outcome. This and what follows stands in outcome_table.h.
int status_of(const Outcome& outcome);
/// The stable word for exactly this kind: "ok", "handler_error", "queue_timeout", ...
const char* code_of(Outcome::Kind kind);
/// The few classes that the kinds fall into: ok, error, timeout, crashed, throttled, unavailable,
/// unknown_function, client_gone. Each stands for one HTTP status; the last is seen only by clients that
/// closed no more than their sending side.
const char* outcome_of(Outcome::Kind kind);

}  // namespace coffees
