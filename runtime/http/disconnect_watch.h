// Sees that a client leaves while its request is being answered.
#pragma once

#include <functional>
#include <memory>

#include "http/timed_socket.h"

namespace coffees::http {

/// From its construction to its end, calls `on_gone` once when the client has closed the connection or its
/// sending side. A client that sends something instead is not watched any more: what follows cannot be seen
/// without reading. Loop thread only; does not outlive the socket.
class DisconnectWatch {
 public:
  DisconnectWatch(Socket& socket, std::function<void()> on_gone);
  DisconnectWatch(const DisconnectWatch&) = delete;
  DisconnectWatch& operator=(const DisconnectWatch&) = delete;
  ~DisconnectWatch();

 private:
  struct Watched;
  std::shared_ptr<Watched> watched_;
};

}  // namespace coffees::http
