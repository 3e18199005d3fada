#include "http/request_reader.h"

#include <boost/beast/http/error.hpp>

#include "base/field_syntax.h"

namespace coffees::http {
namespace {

namespace beast = boost::beast::http;
using Progress = HeadScanner::Progress;
using Read = TimedSocket::Read;
using State = ReadResult::State;

constexpr std::size_t kBodyReadSize = 16 * 1024;
constexpr std::size_t kBulk = 64 * 1024;                    // bytes of a body; what follows is read in turns
constexpr std::uint64_t kLongestWait = 366ULL * 24 * 3600;  // seconds: a rate of next to nothing
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

ReadResult gone() {
  ReadResult result;
  result.state = State::gone;
  return result;
}

// Collects bytes until the scanner has admitted a whole head or refused it.
Task<ReadResult> scan_head(TimedSocket& socket, HeadScanner& scanner, MemoryCharge& memory, Duration time) {
  ReadResult result;
  Progress progress = Progress::need_more;
  bool first_bytes = true;
  while (progress == Progress::need_more) {
    if (!memory.hold(Request::kItself + socket.buffer().capacity()))
      co_return ReadResult::refused(over_budget());
    // RFC 9112 section 2.2: one empty line before a request line is ignored.
    if (first_bytes && socket.unread().starts_with("\r\n")) {
      socket.buffer().consume(2);
      first_bytes = false;
    }
    if (!socket.unread().empty() && socket.unread() != "\r") {
      first_bytes = false;
      progress = scanner.scan(socket.unread());
      if (progress != Progress::need_more) break;
    }
    if (socket.try_read() == Read::some) continue;  // nearly always: no frame for a wait
    const bool more = co_await socket.read_more();
    if (more) continue;
    result.state = State::gone;
    if (socket.expired() && !socket.unread().empty())
      result = ReadResult::refused(
          {RefusalCode::request_timeout, "the head of the request did not arrive within " +
                                             std::to_string(time / std::chrono::seconds(1)) + " s"});
    co_return result;
  }
  if (progress == Progress::refused) result = ReadResult::refused(scanner.refusal());
  co_return result;
}

// What can be made out of a request line that was not admitted.
void guess_request_line(std::string_view bytes, RequestParser& parser) {
  constexpr std::size_t longest_method = 32;
  const std::string_view line = bytes.substr(0, bytes.find_first_of("\r\n"));
  const std::size_t space = line.find(' ');
  const std::string_view method = line.substr(0, space);
  if (method.size() > longest_method || !is_token(method)) return;
  parser.method = method;
  if (space == std::string_view::npos) return;
  const std::string_view rest = line.substr(space + 1);
  parser.target = rest.substr(0, rest.find(' '));
}

Refusal parse_head(std::string_view head, Request& request, std::uint64_t max_body) {
  RequestParser& parser = request.parser;
  parser.headers.reserve(head.size());  // once, instead of with every field
  ErrorCode error;
  parser.put(asio::buffer(head.data(), head.size()), error);
  if (error && error != beast::error::need_more && error != beast::error::body_limit)
    return {RefusalCode::bad_request, "the head of the request cannot be parsed: " + error.message()};
  request.http_1_0 = !parser.is_http_1_1();
  if (Refusal refusal = parser.check_fields()) return refusal;
  // At a body that is too long the parser stops before it has taken in the whole head.
  request.keep_alive = parser.is_header_done() && parser.keep_alive();
  request.target = split_target(parser.method, parser.target);
  request.too_long = error == beast::error::body_limit || parser.declared_length() > max_body;
  return {};
}

// Straight into the body, without passing through the buffer. Memory grows with what has arrived, not with
// what was said.
Task<ReadResult> read_sized(TimedSocket& socket, Request& request, std::size_t size) {
  Bytes& body = request.body;
  std::size_t turn_ends = kBulk;
  while (body.size() < size) {
    if (body.size() >= turn_ends) {
      turn_ends = body.size() + BulkTurns::kSlice;
      co_await socket.take_turn();
    }
    if (body.room_size() == 0) {
      const std::size_t larger = std::min(size, std::max(2 * body.size(), body.size() + kBodyReadSize));
      if (!request.hold_body(larger)) co_return ReadResult::refused(over_budget());
      body.reserve(larger);
    }
    ErrorCode error;
    const std::size_t most = std::min(body.room_size(), turn_ends - body.size());
    const std::size_t count = socket.socket().read_some(asio::buffer(body.room(), most), error);
    body.filled(count);
    if (count > 0) continue;
    if (!would_block(error) || co_await socket.wait(Socket::wait_read) != TimedSocket::Wait::ready)
      co_return gone();
  }
  co_return ReadResult();
}

// One step of decoding what is in the buffer. Returns how many bytes were used up.
std::size_t decode_chunks(TimedSocket& socket, RequestParser& parser, const RequestLimits& limits,
                          Refusal& refusal) {
  if (socket.unread().empty()) return 0;
  ErrorCode error;
  const std::size_t used = parser.put(socket.buffer().data(), error);
  socket.buffer().consume(used);
  if (error == beast::error::body_limit)
    refusal = too_long(limits);
  else if (error && error != beast::error::need_more)
    refusal = {RefusalCode::bad_request, "the chunked body cannot be parsed: " + error.message()};
  else if (used == 0 && socket.unread().size() > limits.head.field_line)
    refusal = {RefusalCode::bad_request, "a chunk header or trailer is too long"};
  return used;
}

Task<ReadResult> read_chunked(TimedSocket& socket, Request& request, const RequestLimits& limits) {
  RequestParser& parser = request.parser;
  ReadResult result;
  // Of what was taken from the socket, not of the body: chunks may have long extensions and few bytes.
  std::size_t turn_left = kBulk;
  while (true) {
    const std::size_t used = decode_chunks(socket, parser, limits, result.refusal);
    request.buffered = socket.buffer().capacity();
    if (!result.refusal && !request.hold_body(parser.body.capacity())) result.refusal = over_budget();
    if (result.refusal) result.state = State::refused;
    if (result.refusal || parser.is_done()) co_return result;
    turn_left -= std::min(used, turn_left);
    if (turn_left == 0) {
      turn_left = BulkTurns::kSlice;
      co_await socket.take_turn();
    }
    if (used > 0 && !socket.unread().empty()) continue;
    const bool more = co_await socket.read_more();
    if (!more) co_return gone();
  }
}

}  // namespace

void Request::drop_body() {
  body = {};
  parser.body = {};
  static_cast<void>(hold_body(0));  // less than before, which is always granted
}

Refusal over_budget() {
  return {RefusalCode::over_budget, "the server's memory budget is used up",
          "send it again later, or send less at once; the limit is `memory_budget` of [server]"};
}

Refusal too_long(const RequestLimits& limits) {
  return {RefusalCode::body_too_large,
          "the body is longer than the limit of " + std::to_string(limits.max_body) + " bytes"};
}

Task<ReadResult> read_head(TimedSocket& socket, Request& request, const RequestLimits& limits) {
  socket.allow(limits.head_time);
  HeadScanner scanner{limits.head};
  ReadResult result = co_await scan_head(socket, scanner, request.memory, limits.head_time);
  request.head_only = socket.unread().starts_with("HEAD ");
  if (result.state == State::refused) guess_request_line(socket.unread(), request.parser);
  if (result.state != State::complete) co_return result;
  result.refusal = parse_head(socket.unread().substr(0, scanner.head_size()), request, limits.max_body);
  if (result.refusal) result.state = State::refused;
  socket.buffer().consume(scanner.head_size());
  request.buffered = socket.buffer().capacity();
  if (result.state == State::complete && !request.hold_body(0)) co_return ReadResult::refused(over_budget());
  co_return result;
}

Task<ReadResult> read_body(TimedSocket& socket, Request& request, const RequestLimits& limits) {
  ReadResult result;
  const bool chunked = request.parser.chunked();
  const std::uint64_t size = chunked ? limits.max_body : request.parser.declared_length();
  if (!chunked) {
    const std::size_t buffered = std::min<std::size_t>(socket.unread().size(), size);
    if (!request.hold_body(buffered)) co_return ReadResult::refused(over_budget());
    request.body.append(socket.unread().substr(0, buffered));
    socket.buffer().consume(buffered);
    if (buffered == size) co_return result;
    socket.buffer() = {};  // what comes goes straight into the body
    request.buffered = 0;
  }
  socket.allow(limits.head_time + std::chrono::seconds(std::min(size / limits.min_upload, kLongestWait)));
  if (request.parser.expects_continue && !request.http_1_0 && socket.unread().empty()) {
    // 25 bytes into a send buffer that is empty: it takes them, or the client is gone.
    ErrorCode error;
    if (socket.socket().write_some(asio::buffer(kContinue), error) != kContinue.size()) {
      co_return gone();
    }
  }
  if (chunked) {
    result = co_await read_chunked(socket, request, limits);
    request.body = std::move(request.parser.body);
  } else {
    result = co_await read_sized(socket, request, size);
  }
  if (result.state == State::gone && socket.expired())
    result = ReadResult::refused({RefusalCode::request_timeout,
                                  "the body of the request did not arrive in time", limits.slow_body_hint});
  co_return result;
}

}  // namespace coffees::http
