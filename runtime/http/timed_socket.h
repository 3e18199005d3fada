// A client's socket whose waits end at an absolute deadline: however slowly a client trickles, its time is
// limited.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <string_view>

#include "clock.h"
#include "loop.h"

namespace coffees::http {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

/// True for errors that only mean "not now".
bool would_block(const ErrorCode& error);

/// A non-blocking socket, its read buffer, and the deadline of whatever is going on. Loop thread only.
class TimedSocket {
 public:
  TimedSocket(Socket socket, const Clock& clock) : socket_(std::move(socket)), clock_(clock) {}

  enum class Wait { ready, expired, failed };
  enum class Read { some, nothing_yet, ended };

  /// Sets it up for use; false when it is broken already.
  bool open();
  Socket& socket() { return socket_; }

  /// From now on waits end after `time`; an earlier expiry is forgotten.
  void allow(Duration time) { set_deadline(clock_.now() + time); }
  void clear_deadline() { set_deadline(TimePoint::max()); }
  [[nodiscard]] bool expired() const { return expired_; }
  /// Called now and then: ends a wait whose deadline has passed.
  void check_deadline(TimePoint now);

  Task<Wait> wait(Socket::wait_type what);
  /// Waits for a turn among the connections that move many bytes (BulkTurns). The deadline moves on by that
  /// time: it is the client's, and the wait is the server's.
  Task<> take_turn();
  /// Takes what the socket has into the buffer, without waiting.
  Read try_read();
  /// Takes what is there, or waits for it. False at the end, on an error, or at the deadline.
  Task<bool> read_more();

  [[nodiscard]] boost::beast::flat_buffer& buffer() { return buffer_; }
  [[nodiscard]] std::string_view unread() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  }

 private:
  void set_deadline(TimePoint deadline) {
    deadline_ = deadline;
    expired_ = false;
  }

  Socket socket_;
  const Clock& clock_;
  boost::beast::flat_buffer buffer_;
  TimePoint deadline_ = TimePoint::max();
  bool expired_ = false;
};

}  // namespace coffees::http
