// One client connection: reads requests, has them answered, writes the answers, in order.
#pragma once

#include "http/answer.h"
#include "http/handler.h"
#include "http/request_reader.h"
#include "http/timed_socket.h"
#include "loop.h"

namespace coffees::http {

class Server;

/// Serves one socket until it closes. Lives in its own coroutine; while no request is there it holds neither
/// a parser nor a buffer.
class Connection final : public boost::intrusive::list_base_hook<> {
 public:
  Connection(Server& server, Socket socket);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  Task<> run();

  /// Called now and then by the server: ends a wait whose deadline has passed.
  void check_deadline(TimePoint now) { socket_.check_deadline(now); }
  /// Ends a wait for the next request, or the first one, unless bytes of it have arrived. Returns whether it
  /// did.
  bool close_if_idle() {
    ErrorCode error;
    if (!idle_ || socket_.socket().available(error) > 0) return false;
    idle_ = false;
    socket_.check_deadline(TimePoint::max());
    return true;
  }

  // For its handler.
  [[nodiscard]] Socket& socket() { return socket_.socket(); }
  /// What an answer that is made now says besides its own fields.
  [[nodiscard]] AnswerFrame frame(const Request& request) const;

 private:
  Task<bool> serve_one();
  Task<bool> refuse(const Request& request, const Refusal& refusal);
  [[nodiscard]] bool pay_for(Answer& answer) const;
  Task<bool> write_bytes(asio::const_buffer first, asio::const_buffer second, Duration stall_time);
  Task<bool> write_pieces(Answer& answer);
  Task<> linger();
  void give_back_buffer();

  Server& server_;
  TimedSocket socket_;
  std::unique_ptr<Handler> handler_;
  bool idle_ = false;
};

}  // namespace coffees::http
