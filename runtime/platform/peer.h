// What the kernel knows of the other end of a connection.
#pragma once

namespace coffees::platform {

/// Whether the peer of `socket` sends no more: it has closed the connection, or its sending side, or is gone.
/// Also when something that it sent before has not been read. poll(2), POLLRDHUP.
bool peer_has_finished(int socket);

}  // namespace coffees::platform
