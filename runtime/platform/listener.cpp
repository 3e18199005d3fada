#include "platform/listener.h"

#include <sys/socket.h>

namespace coffees::platform {

void allow_quick_rebinding(int socket) {
  const int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

void widen_backlog(int listening_socket, int backlog) { (void)::listen(listening_socket, backlog); }

}  // namespace coffees::platform
