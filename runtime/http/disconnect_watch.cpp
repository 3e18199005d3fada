#include "http/disconnect_watch.h"

namespace coffees::http {

// Shared with the handler of the wait, which is called after this watch has ended, too.
struct DisconnectWatch::Watched {
  Socket& socket;
  std::function<void()> on_gone;
};

DisconnectWatch::DisconnectWatch(Socket& socket, std::function<void()> on_gone)
    : watched_(std::make_shared<Watched>(Watched{socket, std::move(on_gone)})) {
  socket.async_wait(Socket::wait_read, [watched = watched_](const ErrorCode& error) {
    if (error || !watched->on_gone) return;
    char byte = 0;
    ErrorCode peeked;
    const std::size_t size = watched->socket.receive(asio::buffer(&byte, 1), Socket::message_peek, peeked);
    if (size == 0 && !would_block(peeked)) std::exchange(watched->on_gone, {})();
  });
}

DisconnectWatch::~DisconnectWatch() {
  watched_->on_gone = {};
  ErrorCode ignored;
  watched_->socket.cancel(ignored);
}

}  // namespace coffees::http
