#include "bench/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace coffees::bench {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

std::string post(std::string_view target, std::string_view body) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

Connection::Connection(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) fail("socket");
  const int yes = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    fail("connect");
  }
}

Connection::~Connection() { ::close(fd_); }

void Connection::send(std::string_view request) {
  received_.clear();
  sent_ = Clock::now();
  if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    fail("send");
}

Connection::State Connection::receive() {
  std::array<char, 16384> bytes;
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return State::waiting;
  if (count <= 0) return State::closed;
  received_.append(bytes.data(), static_cast<std::size_t>(count));

  const std::size_t end = received_.find("\r\n\r\n");
  if (end == std::string::npos) return State::waiting;
  const std::string_view head(received_.data(), end);
  const std::size_t length = head.find("Content-Length: ");
  if (length == std::string::npos) return State::closed;
  const std::size_t size = std::strtoul(head.data() + length + 16, nullptr, 10);
  if (received_.size() < end + 4 + size) return State::waiting;
  time_ = milliseconds(Clock::now() - sent_);
  status_ = std::atoi(received_.c_str() + 9);
  cold_ = head.find("X-Coffees-Start: cold") != std::string_view::npos;
  return State::answered;
}

}  // namespace coffees::bench
