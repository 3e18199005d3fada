#include "platform/peer.h"

#include <poll.h>

namespace coffees::platform {

bool peer_has_finished(int socket) {
  pollfd item{socket, POLLRDHUP, 0};
  return ::poll(&item, 1, 0) > 0;
}

}  // namespace coffees::platform
