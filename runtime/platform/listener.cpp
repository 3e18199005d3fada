#include "platform/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>

namespace coffees::platform {
namespace {

// The port that a socket has on our side, 0 for anything else.
std::uint16_t port_of(int descriptor) {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_storage room;
  } address{};
  socklen_t size = sizeof address;
  if (::getsockname(descriptor, &address.any, &size) != 0) return 0;
  if (address.any.sa_family == AF_INET) return ntohs(address.v4.sin_port);
  return address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : std::uint16_t{0};
}

}  // namespace

void allow_quick_rebinding(int socket) {
  const int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

void widen_backlog(int listening_socket, int backlog) { (void)::listen(listening_socket, backlog); }

void shut_down_connections(std::uint16_t port) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const int descriptor = std::atoi(entry.path().filename().c_str());
    if (port_of(descriptor) == port) (void)::shutdown(descriptor, SHUT_RDWR);
  }
}

}  // namespace coffees::platform
