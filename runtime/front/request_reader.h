// Reads one request from a client: head, checks, body. Says what is wrong with it; never answers.
#pragma once

#include <string>

#include "front/head_scanner.h"
#include "front/request_parser.h"
#include "front/routes.h"
#include "front/timed_socket.h"
#include "loop.h"
#include "request_id.h"

namespace coffees::front {

/// One request, and where it wants to go. `route` borrows from the parser.
struct Request {
  /// `new_id` is used unless the client has one of its own.
  Request(std::uint64_t max_body, const RequestId& new_id) : parser(max_body), id(new_id) {}
  RequestParser parser;
  RequestId id;
  bool given_id_in_use = false;  ///< the client wanted an id that somebody else has
  std::string client;            ///< its address
  Route route;
  std::string body;
  bool keep_alive = false;
  bool http_1_0 = false;
  bool head_only = false;  ///< HEAD: its answer has no body, not even that of a damaged request
};

/// What came of reading: a request, a reason to refuse it, or nobody to answer.
struct ReadResult {
  enum class State { complete, refused, gone };
  State state = State::complete;
  Refusal refusal;

  static ReadResult refused(Refusal why) { return {State::refused, std::move(why)}; }
};

/// Reads the head: its bytes, its meaning, its target, and whether the caller may ask for it. The first byte
/// has arrived.
Task<ReadResult> read_head(TimedSocket& socket, Request& request, const AccessRules& access,
                           std::uint64_t max_body);

/// How large a body may be and how slowly it may come.
struct BodyRules {
  std::uint64_t most = 0;        ///< bytes
  std::uint64_t least_rate = 1;  ///< bytes a second, on average; 10 s are given on top
};

/// Reads the body that the head announces. Asks for it when the client waits for that (Expect: 100-continue).
Task<ReadResult> read_body(TimedSocket& socket, Request& request, BodyRules rules);

}  // namespace coffees::front
