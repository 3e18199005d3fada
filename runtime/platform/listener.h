// What a library's listening socket needs that the library does not do. socket(7), listen(2).
#pragma once

#include <cstdint>

namespace coffees::platform {

/// The port can be bound again at once after a restart, but never by two servers (SO_REUSEADDR).
void allow_quick_rebinding(int socket);

/// Lets so many connections wait to be accepted; the kernel takes less where net.core.somaxconn is less.
void widen_backlog(int listening_socket, int backlog);

/// Ends every connection of this process that was accepted on that port, whoever is using it now.
void shut_down_connections(std::uint16_t port);

}  // namespace coffees::platform
