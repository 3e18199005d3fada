// One client connection: reads requests, has them dispatched, writes answers, in order.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <string>

#include "front/answer.h"
#include "front/head_scanner.h"
#include "front/request_parser.h"
#include "invocation.h"
#include "loop.h"
#include "request_id.h"

namespace coffees::front {

class HttpServer;

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

/// Serves one socket until it closes. Lives in its own coroutine; while no request is there it holds neither
/// a parser nor a buffer.
class Connection {
 public:
  Connection(HttpServer& server, Socket socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  Task<> run();

  /// Called now and then by the server: ends a wait whose deadline has passed.
  void check_deadline(TimePoint now);
  /// Ends a wait for a further request: the server stops.
  void close_if_idle();

 private:
  enum class Wait { ready, expired, failed };

  struct Request {
    explicit Request(std::uint64_t max_body) : parser(max_body), id(RequestId::make()) {}
    RequestParser parser;
    RequestId id;
    std::string body;
    bool keep_alive = false;
    bool http_1_0 = false;
  };

  Task<bool> serve_one();
  Task<bool> read_head(Request& request);
  Task<bool> read_body(Request& request);
  Task<bool> read_sized_body(Request& request, std::uint64_t size);
  Task<bool> read_chunked_body(Request& request);
  Task<bool> dispatch(Request& request);
  Task<bool> invoke(Request& request, std::string_view function, std::string_view path,
                    std::string_view query);
  Task<bool> refuse(const Request* request, Refusal refusal, std::string extra = {});
  enum class Read { some, nothing_yet, ended };
  Read try_read();
  Task<bool> read_more();
  Task<bool> write(Answer answer);
  Task<Wait> wait(Socket::wait_type what);
  Task<> linger();
  AnswerFrame frame(const Request& request) const;

  HttpServer& server_;
  Socket socket_;
  boost::beast::flat_buffer buffer_;
  TimePoint deadline_ = TimePoint::max();
  bool expired_ = false;
  bool idle_ = false;
};

}  // namespace coffees::front
