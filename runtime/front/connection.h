// One client connection: reads requests, has them dispatched, writes answers, in order.
#pragma once

#include "front/answer.h"
#include "front/request_reader.h"
#include "front/timed_socket.h"
#include "loop.h"

namespace coffees::front {

class HttpServer;

/// Serves one socket until it closes. Lives in its own coroutine; while no request is there it holds neither
/// a parser nor a buffer.
class Connection final : public Caller, public boost::intrusive::list_base_hook<> {
 public:
  Connection(HttpServer& server, Socket socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  Task<> run();

  /// Called now and then by the server: ends a wait whose deadline has passed.
  void check_deadline(TimePoint now) { socket_.check_deadline(now); }
  /// Ends a wait for a further request: the server stops.
  void close_if_idle() {
    if (idle_) socket_.check_deadline(TimePoint::max());
  }

  [[nodiscard]] bool has_left() override;

 private:
  Task<bool> serve_one();
  void find_client(Request& request);
  Task<bool> answer(Request& request);
  Task<Outcome> invoke(Request& request);
  Task<bool> refuse(const Request& request, const Refusal& refusal);
  Task<bool> write(const Answer& answer);
  Task<> linger();
  [[nodiscard]] AnswerFrame frame(const Request& request) const;

  HttpServer& server_;
  TimedSocket socket_;
  bool idle_ = false;
  asio::ip::address peer_;
  std::string client_;        ///< the address of the peer as text, once it is known
  std::string origin_lines_;  ///< of the request that is being answered
};

}  // namespace coffees::front
