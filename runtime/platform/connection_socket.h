// One accepted connection, served by a thread that may wait, but never for ever. recv(2), send(2), poll(2).
#pragma once

#include <chrono>
#include <cstddef>

#include "platform/unique_fd.h"

namespace coffees::platform {

/// Owns the connection. One thread at a time; somebody else may shut it down meanwhile, which ends every
/// wait.
class ConnectionSocket {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ConnectionSocket(int descriptor) : socket_(descriptor) {}

  /// Reads what is there, waiting for it until `deadline`. Returns the number of bytes, 0 when the client
  /// sends no more, -1 when nothing came in time or the connection is broken.
  long read(char* bytes, std::size_t size, Clock::time_point deadline) const;
  /// Writes as much as the kernel takes, waiting for it until `deadline`. Returns the number of bytes, or -1.
  long write(const char* bytes, std::size_t size, Clock::time_point deadline) const;
  /// Whether something is there to be read, or written, now or until `deadline`.
  [[nodiscard]] bool readable(Clock::time_point deadline) const;
  [[nodiscard]] bool writable(Clock::time_point deadline) const;
  /// Whether the client may still send something: false once it has closed its end, or that side of it.
  [[nodiscard]] bool is_open() const;
  /// Sends no more and reads a little of what still comes (a client that is reset while it sends would not
  /// see the answer; RFC 9112 section 9.6), until `deadline` at most.
  void wait_for_end(Clock::time_point deadline) const;

  [[nodiscard]] int get() const { return socket_.get(); }

 private:
  UniqueFd socket_;
};

/// Whether whoever is at the other end of `socket` sends no more: has closed it, or its sending side, or is
/// gone. Also when something that it sent before has not been read. poll(2), POLLRDHUP.
bool peer_has_finished(int socket);

}  // namespace coffees::platform
