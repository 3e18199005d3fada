#include "http/connection.h"

#include <fmt/format.h>

#include <array>

#include "diagnostics/diagnostics.h"
#include "http/disconnect_watch.h"
#include "http/server.h"

namespace coffees::http {
namespace {

constexpr std::size_t kSlowestClient = 64 * 1024;  // bytes a second

}  // namespace

Connection::Connection(Server& server, Socket socket)
    : server_(server), socket_(std::move(socket), server.timers().clock()) {
  handler_ = server.service().handler_for(*this);
  server_.opened(*this);
}

Connection::~Connection() { server_.closed(*this); }

Task<> Connection::run() {
  if (!socket_.open()) co_return;
  while (true) {
    if (socket_.unread().empty()) {
      give_back_buffer();
      socket_.allow(server_.settings().idle_time);
      idle_ = true;
      const TimedSocket::Wait woken = co_await socket_.wait(Socket::wait_read);
      idle_ = false;
      if (woken != TimedSocket::Wait::ready) co_return;
      socket_.buffer() = server_.scratch().take_buffer();
    } else {
      // A client that pipelines without end may not keep the loop to itself.
      co_await yield_to_others();
    }
    if (!co_await serve_one()) co_return;
  }
}

// Returns whether the connection goes on.
Task<bool> Connection::serve_one() {
  const RequestLimits& limits = server_.settings().limits;
  Request request(limits.max_body, server_.ids().make(), server_.settings().budget);
  ReadResult read = co_await read_head(socket_, request, limits);
  if (read.state == ReadResult::State::gone) co_return false;
  const Server::ActiveRequest active(server_);
  const RequestIds::Use use =
      server_.ids().begin(request.id, request.parser.given_id, request.given_id_in_use);
  if (read.state == ReadResult::State::complete) {
    read.refusal = handler_->examine(request);
    if (!read.refusal && request.too_long) read.refusal = too_long(limits);
    if (read.refusal) read.state = ReadResult::State::refused;
  }
  const bool has_body = request.parser.chunked() || request.parser.declared_length() > 0;
  if (read.state == ReadResult::State::complete && has_body)
    read = co_await read_body(socket_, request, limits);
  if (read.state == ReadResult::State::gone) co_return false;
  if (read.state == ReadResult::State::refused) {
    request.drop_body();
    co_return co_await refuse(request, read.refusal);
  }
  give_back_buffer();
  request.buffered = socket_.buffer().capacity();
  static_cast<void>(request.hold_body(request.body.capacity()));  // not more than before
  socket_.clear_deadline();                                       // an answer has its own, if any
  Answer answer = co_await handler_->answer(request);
  request.drop_body();
  if (!pay_for(answer)) {
    answer = {};
    co_return co_await refuse(request, over_budget());
  }
  const asio::const_buffer head = asio::buffer(answer.head);
  const std::string_view body_text = answer.content.empty() ? answer.body : answer.content.view();
  const asio::const_buffer body = asio::buffer(body_text);
  bool written = co_await write_bytes(head, body, server_.settings().stall_time);
  if (written && answer.pieces) written = co_await write_pieces(answer);
  server_.scratch().give_back_head(std::move(answer.head));
  co_return written && !answer.close;
}

// Gives an empty buffer back for other connections to read with.
void Connection::give_back_buffer() {
  if (!socket_.unread().empty()) return;
  server_.scratch().give_back_buffer(std::move(socket_.buffer()));
  socket_.buffer() = {};
}

// Charges the budget with an answer that does not carry its charge already.
bool Connection::pay_for(Answer& answer) const {
  const std::size_t size = answer.head.size() + answer.body.size() + answer.content.size() +
                           (answer.pieces ? answer.pieces->most() : 0);
  if (answer.paid || size <= kSmallAnswer) return true;
  answer.memory = MemoryCharge(server_.settings().budget);
  return answer.memory.hold(size);
}

AnswerFrame Connection::frame(const Request& request) const {
  return {.scratch = server_.scratch(),
          .request_id = request.id.view(),
          .close = !request.keep_alive || server_.draining(),
          .http_1_0 = request.http_1_0,
          .head_only = request.head_only};
}

// Answers, then closes: after a framing error it is unknown where the next request begins.
Task<bool> Connection::refuse(const Request& request, const Refusal& refusal) {
  if (refusal.code == RefusalCode::over_budget)
    diagnostics::warn_seldom(diagnostics::Room::http, "memory budget", diagnostics::kOverBudget);
  AnswerFrame closing = frame(request);
  closing.close = true;
  const Answer answer = http::refuse(refusal, closing, handler_->refused(request, refusal));
  const asio::const_buffer head = asio::buffer(answer.head);
  const asio::const_buffer body = asio::buffer(answer.body);
  co_await write_bytes(head, body, server_.settings().stall_time);
  co_await linger();
  co_return false;
}

// Returns whether the client has taken all of it.
Task<bool> Connection::write_bytes(asio::const_buffer first, asio::const_buffer second, Duration stall_time) {
  const std::size_t size = first.size() + second.size();
  std::array<asio::const_buffer, 2> pieces{first, second};
  TimePoint limit = TimePoint::max();
  bool first_slice = true;
  while (pieces[0].size() + pieces[1].size() > 0) {
    if (!std::exchange(first_slice, false) && size > BulkTurns::kSlice) {
      const TimePoint began = server_.timers().now();
      co_await bulk_turn();
      if (limit != TimePoint::max()) limit += server_.timers().now() - began;
    }
    const std::array<asio::const_buffer, 2> slice{asio::buffer(pieces[0], BulkTurns::kSlice),
                                                  asio::buffer(pieces[1], BulkTurns::kSlice)};
    ErrorCode error;
    std::size_t written = socket_.socket().write_some(slice, error);
    for (asio::const_buffer& piece : pieces) {
      const std::size_t part = std::min(written, piece.size());
      piece += part;
      written -= part;
    }
    if (!error) continue;
    if (!would_block(error)) co_return false;
    const TimePoint now = server_.timers().now();
    if (limit == TimePoint::max())
      limit = now + server_.settings().write_time + std::chrono::seconds(size / kSlowestClient);
    socket_.allow(std::min(stall_time, limit - now));
    if (co_await socket_.wait(Socket::wait_write) != TimedSocket::Wait::ready) co_return false;
  }
  co_return true;
}

Task<bool> Connection::write_pieces(Answer& answer) {
  const DisconnectWatch watch(socket_.socket(), [&answer] { answer.pieces->stop(); });
  while (true) {
    socket_.clear_deadline();
    std::string piece = co_await answer.pieces->next();
    const bool last = piece.empty();
    std::string size;
    if (answer.chunked) {
      size = fmt::format("{:x}\r\n", piece.size());
      piece += "\r\n";
    }
    const asio::const_buffer first = asio::buffer(size);
    const asio::const_buffer second = asio::buffer(piece);
    // A client that follows a stream may pause for longer than one that waits for an answer.
    if (!co_await write_bytes(first, second, server_.settings().write_time)) co_return false;
    if (last) co_return true;
  }
}

// Closing while the client still sends would reset the connection and take the answer with it (RFC 9112
// section 9.6).
Task<> Connection::linger() {
  ErrorCode error;
  socket_.socket().shutdown(Socket::shutdown_send, error);
  socket_.buffer() = {};
  socket_.allow(server_.settings().linger);
  // One read per turn of the loop: a client that never stops sending may not hold up the others.
  while (co_await socket_.wait(Socket::wait_read) == TimedSocket::Wait::ready) {
    const std::size_t size = socket_.socket().read_some(server_.scratch().dustbin(), error);
    if (size == 0 && !would_block(error)) co_return;
  }
}

}  // namespace coffees::http
