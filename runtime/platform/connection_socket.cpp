#include "platform/connection_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace coffees::platform {
namespace {

// Waits until one of `events` is there. Again after a signal.
bool wait_for(int socket, short events, std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd item{socket, events, 0};
    const int ready = ::poll(&item, 1, static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

}  // namespace

bool ConnectionSocket::readable(Clock::time_point deadline) const {
  return wait_for(socket_.get(), POLLIN, deadline);
}

bool ConnectionSocket::writable(Clock::time_point deadline) const {
  return wait_for(socket_.get(), POLLOUT, deadline);
}

long ConnectionSocket::read(char* bytes, std::size_t size, Clock::time_point deadline) const {
  while (readable(deadline)) {
    const ssize_t count = ::recv(socket_.get(), bytes, size, MSG_DONTWAIT);
    if (count >= 0) return count;
    if (errno != EAGAIN && errno != EINTR) return -1;
  }
  return -1;
}

long ConnectionSocket::write(const char* bytes, std::size_t size, Clock::time_point deadline) const {
  while (writable(deadline)) {
    const ssize_t count = ::send(socket_.get(), bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (errno != EAGAIN && errno != EINTR) return -1;
  }
  return -1;
}

bool ConnectionSocket::is_open() const { return !peer_has_finished(socket_.get()); }

void ConnectionSocket::wait_for_end(Clock::time_point deadline) const {
  constexpr std::size_t most = 256 * 1024;
  ::shutdown(socket_.get(), SHUT_WR);
  std::array<char, 4096> ignored;
  long count = 0;
  for (std::size_t total = 0; total < most; total += static_cast<std::size_t>(count)) {
    count = read(ignored.data(), ignored.size(), deadline);
    if (count <= 0) return;
  }
}

bool peer_has_finished(int socket) {
  pollfd item{socket, POLLRDHUP, 0};
  return ::poll(&item, 1, 0) > 0;
}

}  // namespace coffees::platform
