// An event as it lies in the ring: a header, a body by type, and a text behind them. Written on the request
// path, so nothing here is formatted.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace coffees::events {

/// What happened. The names that people see are name_of()'s.
enum class Type : std::uint8_t {
  function_loaded,      ///< Loaded
  function_failed,      ///< no body; text: why
  function_breaker,     ///< no body; detail: BreakerState; text: the last cause, unless it is closed
  worker_starting,      ///< no body; detail: 1 when it is for min_warm or `warm`
  worker_ready,         ///< Ready
  worker_busy,          ///< Request
  worker_idle,          ///< no body
  worker_draining,      ///< no body; detail: StopReason
  worker_stopping,      ///< no body; detail: StopReason
  worker_stopped,       ///< Stopped; detail: StopReason; text: how its process ended, where that matters
  invocation_queued,    ///< Named; text: request line
  invocation_started,   ///< Named; detail: 1 when cold; text: request line
  invocation_finished,  ///< Finished; detail: Outcome::Kind; text: request line, error type, message
  request_refused,      ///< Refused; detail: RefusalCode; text: request line
  log,                  ///< Request; detail: 1 when the runtime says it; text: the line
  stats,                ///< Stats
};
const char* name_of(Type type);

/// Why a worker had to go.
enum class StopReason : std::uint8_t {
  idle,          ///< keep_warm has passed
  max_requests,  ///< it has served as many as it may, or reuse = false
  timeout,       ///< its invocation ran into the limit
  crash,         ///< its process ended by itself
  memory,        ///< it ran into its memory limit
  protocol,      ///< it answered nonsense, or too much
  client_gone,   ///< its client left (--cancel-on-disconnect)
  start_failed,  ///< it never became ready
  user,          ///< a user asked for it
  shutdown,      ///< the server stops
  children,      ///< its request left processes behind
  unfit,         ///< it had no descriptors, threads, output or /tmp left for another request
};
const char* name_of(StopReason reason);

/// Whether a function's circuit breaker lets requests through.
enum class BreakerState : std::uint8_t {
  closed,     ///< all
  open,       ///< none
  half_open,  ///< one, on trial, is under way
};
const char* name_of(BreakerState state);

/// A function is named by its place in the configuration.
using FunctionIndex = std::uint16_t;
constexpr FunctionIndex kNoFunction = 0xffff;

struct Header {
  std::uint64_t sequence = 0;   ///< counts all events of this server from 1, without a gap
  std::int64_t time = 0;        ///< nanoseconds since 1970, by the system's clock
  std::uint32_t text_size = 0;  ///< bytes behind the body
  std::uint32_t worker = 0;     ///< the number in its name; 0: no worker
  FunctionIndex function = kNoFunction;
  std::uint16_t status = 0;  ///< invocation_finished, request_refused: HTTP status
  Type type = Type::stats;
  std::uint8_t detail = 0;
  std::uint8_t cold = 0;  ///< invocation_finished
  std::uint8_t reserved = 0;
};

/// A request id as text; empty for what belongs to no request.
struct RequestName {
  std::array<char, 40> text{};

  RequestName() = default;
  explicit RequestName(std::string_view id) { id.copy(text.data(), text.size() - 1); }
  [[nodiscard]] std::string_view view() const { return text.data(); }
};

struct Request {
  RequestName id;
};

/// The longest beginning of a path that an event keeps, in bytes.
constexpr std::size_t kLongestPath = 256;

/// How much of an event's text is its request line: method, path, then the id that the client had asked for.
struct LineSizes {
  std::uint32_t path_bytes = 0;  ///< of the whole path; more than `path` when it was cut
  std::uint16_t method = 0;
  std::uint16_t path = 0;
  std::uint16_t given_id = 0;
  std::array<std::uint16_t, 3> reserved{};
};

/// An invocation that is under way.
struct Named {
  RequestName id;
  LineSizes line;
};

/// A request that no function has seen, or how many more there were that are not told one by one.
struct Refused {
  RequestName id;
  LineSizes line;
  std::uint64_t more = 0;  ///< not 0: the number of further ones since the last record; nothing else is set
};

/// Times in nanoseconds.
struct Loaded {
  std::int64_t init = 0;
};

struct Ready {
  std::int64_t pid = 0;
  std::int64_t boot = 0;
  std::int64_t init = 0;
};

struct Stopped {
  std::int64_t lifetime = 0;
  std::uint64_t served = 0;
  std::uint64_t was_idle = 0;  ///< 1: it served no request when it stopped
};

struct Finished {
  RequestName id;
  LineSizes line;
  std::int64_t queue = 0;
  std::int64_t boot = 0;
  std::int64_t init = 0;
  std::int64_t exec = 0;
  std::int64_t cpu = 0;         ///< of the worker, for this invocation
  std::uint64_t peak_rss = 0;   ///< bytes, of the worker so far; 0: not known
  std::uint64_t type_size = 0;  ///< how much of the text behind the request line is the error's type
};

/// How many there were at that moment, in all functions.
struct Stats {
  std::uint64_t starting = 0;
  std::uint64_t idle = 0;
  std::uint64_t busy = 0;
  std::uint64_t draining = 0;
  std::uint64_t stopping = 0;
  std::uint64_t waiting = 0;
  std::uint64_t finished = 0;  ///< invocations since the server started
};

/// What a client asked for, without the query. Views borrow from the event.
struct RequestLine {
  std::string_view method;  ///< empty: it could not be read
  std::string_view path;    ///< at most kLongestPath bytes of it
  std::size_t path_bytes = 0;
  std::string_view given_id;  ///< the X-Request-Id that was not taken over because it was in use
};

/// A record taken apart; views borrow from the bytes.
struct Event {
  Header header;
  std::string_view body;
  std::string_view text;

  /// The body as what the type says it is.
  template <typename Body>
  [[nodiscard]] Body as() const {
    Body result;
    if (body.size() >= sizeof result) std::memcpy(static_cast<void*>(&result), body.data(), sizeof result);
    return result;
  }
  /// The request that it belongs to, or an empty view.
  [[nodiscard]] std::string_view request_id() const;
  /// Its request line; all empty for types that have none.
  [[nodiscard]] RequestLine request_line() const;
  /// What stands in the text behind the request line: what was said, by a handler or about it.
  [[nodiscard]] std::string_view said() const;
  /// The same event without what was said.
  [[nodiscard]] Event without_said() const;

 private:
  [[nodiscard]] LineSizes line_sizes() const;
};

/// Takes a record's bytes apart.
Event parse(std::string_view bytes);

}  // namespace coffees::events
