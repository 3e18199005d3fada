// What a user of the server does with requests: the invoke port and the admin port are two of them.
#pragma once

#include <memory>
#include <string>

#include "http/answer.h"
#include "http/request_reader.h"
#include "loop.h"

namespace coffees::http {

class Connection;

/// Answers the requests of one connection, one after another. Loop thread only. Lives as long as its
/// connection.
class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  /// The head has come and is well formed: says whether the request is refused. Its body is read afterwards.
  virtual Refusal examine(const Request& request) = 0;
  /// Answers a request that was not refused. It stays where it is until the answer has been written.
  virtual Task<Answer> answer(const Request& request) = 0;
  /// A request is about to be refused, by examine() or because it was damaged: what is known of it may be
  /// little. Returns further header lines for the answer.
  virtual std::string refused(const Request& request, const Refusal& refusal) = 0;
};

/// Makes the handlers. Outlives the server.
class Service {
 public:
  Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  virtual ~Service() = default;

  /// The handler of a new connection. The connection outlives it.
  virtual std::unique_ptr<Handler> handler_for(Connection& connection) = 0;
  /// A client was sent away with 503: there are too many connections.
  virtual void turned_away(std::string_view request_id) = 0;
};

}  // namespace coffees::http
