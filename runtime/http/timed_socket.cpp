#include "http/timed_socket.h"

namespace coffees::http {
namespace {
constexpr std::size_t kReadSize = 16 * 1024;
}

bool would_block(const ErrorCode& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

bool TimedSocket::open() {
  ErrorCode error;
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  socket_.non_blocking(true, error);
  return !error;
}

void TimedSocket::check_deadline(TimePoint now) {
  if (now < deadline_) return;
  deadline_ = TimePoint::max();
  expired_ = true;
  ErrorCode ignored;
  socket_.cancel(ignored);
}

Task<TimedSocket::Wait> TimedSocket::wait(Socket::wait_type what) {
  if (expired_) co_return Wait::expired;
  ErrorCode error;
  co_await socket_.async_wait(what, asio::redirect_error(UseTask(), error));
  if (expired_) co_return Wait::expired;
  co_return error ? Wait::failed : Wait::ready;
}

Task<> TimedSocket::take_turn() {
  const TimePoint deadline = std::exchange(deadline_, TimePoint::max());
  const TimePoint began = clock_.now();
  co_await bulk_turn();
  if (deadline != TimePoint::max()) deadline_ = deadline + (clock_.now() - began);
}

TimedSocket::Read TimedSocket::try_read() {
  ErrorCode error;
  const std::size_t size = socket_.read_some(buffer_.prepare(kReadSize), error);
  buffer_.commit(size);
  if (size > 0) return Read::some;
  return would_block(error) ? Read::nothing_yet : Read::ended;
}

Task<bool> TimedSocket::read_more() {
  Read read = try_read();
  while (read == Read::nothing_yet) {
    if (co_await wait(Socket::wait_read) != Wait::ready) co_return false;
    read = try_read();
  }
  co_return read == Read::some;
}

}  // namespace coffees::http
