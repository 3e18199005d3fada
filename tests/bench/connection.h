// One of many HTTP connections that a single thread drives with epoll(7), so that the client is never what is
// measured.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace coffees::bench {

using Clock = std::chrono::steady_clock;

inline double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// A POST, ready to be sent any number of times.
std::string post(std::string_view target, std::string_view body);

/// A connection to a server on this machine that has at most one request under way. Believes every answer's
/// Content-Length: for servers that are trusted.
class Connection {
 public:
  /// Connects; with a server that listens, the kernel does it at once. Throws std::system_error.
  explicit Connection(int port);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] int descriptor() const { return fd_; }

  /// Sends one small request, which a socket buffer always has room for. Throws std::system_error.
  void send(std::string_view request);

  enum class State { waiting, answered, closed };
  /// Reads what has arrived; `answered` once the answer is whole.
  State receive();

  /// Of the last answer: its status, whether a new worker gave it, and the time since its request.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool cold() const { return cold_; }
  [[nodiscard]] double time() const { return time_; }

 private:
  int fd_ = -1;
  Clock::time_point sent_;
  std::string received_;
  int status_ = 0;
  bool cold_ = false;
  double time_ = 0;
};

}  // namespace coffees::bench
