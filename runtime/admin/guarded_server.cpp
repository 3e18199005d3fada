#include "admin/guarded_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <cstring>

#include "admin/json_reply.h"
#include "front/head_scanner.h"
#include "platform/connection_socket.h"

namespace coffees::admin {
namespace {

using platform::ConnectionSocket;
using Clock = ConnectionSocket::Clock;

constexpr auto kEndTime = std::chrono::milliseconds(500);
constexpr front::HeadLimits kLimits{
    .request_line = 4 * 1024, .field_line = 8 * 1024, .total = 32 * 1024, .fields = 100};

// The connection as the library sees it: first what has been read already, then the rest.
class GuardedStream : public httplib::Stream {
 public:
  GuardedStream(const ConnectionSocket& socket, std::string_view read_already, const ClientTimes& times)
      : socket_(socket),
        ahead_(read_already),
        deadline_(Clock::now() + times.body),
        piece_time_(times.piece) {}

  [[nodiscard]] bool is_readable() const override { return !ahead_.empty() || socket_.readable(deadline_); }
  // Asked by streams, also to see whether the client is still there. One that has closed its sending side
  // still gets its answer, by write().
  [[nodiscard]] bool is_writable() const override {
    return socket_.writable(Clock::now() + piece_time_) && socket_.is_open();
  }
  ssize_t read(char* bytes, std::size_t size) override {
    if (ahead_.empty()) return socket_.read(bytes, size, deadline_);
    const std::size_t count = std::min(size, ahead_.size());
    std::memcpy(bytes, ahead_.data(), count);
    ahead_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    return socket_.write(bytes, size, Clock::now() + piece_time_);
  }
  // Nobody here asks who it is.
  void get_remote_ip_and_port(std::string& address, int& port) const override {
    address.clear();
    port = 0;
  }
  void get_local_ip_and_port(std::string& address, int& port) const override {
    get_remote_ip_and_port(address, port);
  }
  [[nodiscard]] socket_t socket() const override { return socket_.get(); }

 private:
  const ConnectionSocket& socket_;
  std::string_view ahead_;
  Clock::time_point deadline_;
  std::chrono::milliseconds piece_time_;
};

std::string_view reason(int status) {
  return boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
}

void refuse(const ConnectionSocket& socket, const front::Refusal& refusal, Clock::time_point deadline) {
  httplib::Response response;
  problem(response, refusal.status, "bad_request", refusal.detail);
  const std::string answer =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                  refusal.status, reason(refusal.status), response.get_header_value("Content-Type"),
                  response.body.size(), response.body);
  socket.write(answer.data(), answer.size(), deadline);
}

}  // namespace

bool GuardedServer::process_and_close_socket(socket_t descriptor) {
  const ConnectionSocket socket(descriptor);
  const Clock::time_point deadline = Clock::now() + times_.head;
  front::HeadScanner scanner(kLimits);
  auto progress = front::HeadScanner::Progress::need_more;
  std::string bytes;
  std::array<char, 4096> piece;
  while (progress == front::HeadScanner::Progress::need_more) {
    const long count = socket.read(piece.data(), piece.size(), deadline);
    if (count <= 0) {
      if (count < 0 && !bytes.empty())
        refuse(socket, {408, "the head did not arrive in time"}, Clock::now() + times_.piece);
      return false;
    }
    bytes.append(piece.data(), static_cast<std::size_t>(count));
    progress = scanner.scan(bytes);
  }
  bool answered = true;
  if (progress == front::HeadScanner::Progress::refused) {
    refuse(socket, scanner.refusal(), Clock::now() + times_.piece);
  } else {
    GuardedStream stream(socket, bytes, times_);
    bool closed = false;
    answered = process_request(stream, true, closed, nullptr);
  }
  socket.wait_for_end(Clock::now() + kEndTime);
  return answered;
}

}  // namespace coffees::admin
