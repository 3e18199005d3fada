// Reads one request from a client: head, checks, body. Says what is wrong with it; never answers.
#pragma once

#include <string>

#include "base/defaults.h"
#include "http/head_scanner.h"
#include "http/request_parser.h"
#include "http/target.h"
#include "http/timed_socket.h"
#include "loop.h"
#include "memory_budget.h"
#include "request_id.h"

namespace coffees::http {

/// How long, how large and how slow a request may be.
struct RequestLimits {
  HeadLimits head{};
  Duration head_time{std::chrono::seconds(10)};  ///< from its first byte to the last one of its head
  std::uint64_t max_body = defaults::kMaxBody;   ///< bytes
  std::uint64_t min_upload =
      defaults::kMinUpload;  ///< bytes a second of a body, on average; `head_time` is given on top
  const char* slow_body_hint = "`min_upload` of [server] says how slowly it may come";
};

/// One request.
struct Request {
  /// `new_id` is used unless the client has one of its own. `budget` is charged with what it takes; null:
  /// nothing is counted.
  Request(std::uint64_t max_body, const RequestId& new_id, MemoryBudget* budget)
      : parser(max_body), id(new_id), memory(budget) {}

  /// Charges the budget with what there is, `body` bytes of body among it. False if there is no room for
  /// them.
  [[nodiscard]] bool hold_body(std::size_t body_bytes) {
    return memory.hold(kItself + parser.headers.size() + buffered + body_bytes);
  }
  /// Its body is needed no more.
  void drop_body();

  static constexpr std::size_t kItself = 4 * 1024;  ///< about what one takes without its head and body

  RequestParser parser;
  Target target;  ///< borrows from the parser; may be refused
  RequestId id;
  bool given_id_in_use = false;  ///< the client wanted an id that another request has
  Bytes body;
  MemoryCharge memory;
  std::size_t buffered = 0;  ///< bytes of the connection's read buffer while this request is read or waits
  bool too_long = false;     ///< its length is beyond the limit
  bool keep_alive = false;
  bool http_1_0 = false;
  bool head_only = false;  ///< HEAD: its answer has no body, not even that of a damaged request
};

/// What came of reading: a request, a reason to refuse it, or a client that has left.
struct ReadResult {
  enum class State { complete, refused, gone };
  State state = State::complete;
  Refusal refusal;

  static ReadResult refused(Refusal why) { return {State::refused, std::move(why)}; }
};

/// Reads the head: its bytes, and what they mean. Whether its target is one, and its body not too long, is
/// left to the caller, who may have an earlier reason to refuse it. The first byte has arrived.
/// `request.memory` is charged with the buffer, and afterwards with the head.
Task<ReadResult> read_head(TimedSocket& socket, Request& request, const RequestLimits& limits);

/// The refusal of a body that is too long.
Refusal too_long(const RequestLimits& limits);
/// The refusal of what would pass the memory budget.
Refusal over_budget();

/// Reads the body that the head announces. Asks for it when the client waits for that (Expect: 100-continue).
Task<ReadResult> read_body(TimedSocket& socket, Request& request, const RequestLimits& limits);

}  // namespace coffees::http
