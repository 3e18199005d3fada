#include "front/connection.h"

#include <array>
#include <boost/beast/http/error.hpp>

#include "front/http_server.h"
#include "front/routes.h"

namespace coffees::front {
namespace {

constexpr std::size_t kReadSize = 16 * 1024;
constexpr std::size_t kBodyReadSize = 256 * 1024;
constexpr auto kHeadTime = std::chrono::seconds(10);
constexpr auto kWriteTime = std::chrono::seconds(30);
constexpr auto kLingerTime = std::chrono::seconds(2);
constexpr std::size_t kSlowestBody = 64 * 1024;  // bytes a second

bool would_block(const ErrorCode& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

std::string_view view(const boost::beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

// Watches for the client's end while its invocation runs; only with --cancel-on-disconnect.
struct DisconnectWatch : std::enable_shared_from_this<DisconnectWatch> {
  Socket* socket = nullptr;
  Cancellation* cancellation = nullptr;

  void start() {
    socket->async_wait(Socket::wait_read, [self = shared_from_this()](const ErrorCode& error) {
      if (error || self->cancellation == nullptr) return;
      char byte = 0;
      ErrorCode peeked;
      self->socket->receive(asio::buffer(&byte, 1), Socket::message_peek, peeked);
      if (peeked && !would_block(peeked)) self->cancellation->request();
    });
  }
  void stop() {
    cancellation = nullptr;
    ErrorCode ignored;
    socket->cancel(ignored);
  }
};

}  // namespace

Connection::Connection(HttpServer& server, Socket socket) : server_(server), socket_(std::move(socket)) {
  server_.opened(*this);
}

Connection::~Connection() { server_.closed(*this); }

void Connection::check_deadline(TimePoint now) {
  if (now < deadline_) return;
  expired_ = true;
  deadline_ = TimePoint::max();
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Connection::close_if_idle() {
  if (idle_) check_deadline(TimePoint::max());
}

Task<Connection::Wait> Connection::wait(Socket::wait_type what) {
  ErrorCode error;
  co_await socket_.async_wait(what, asio::redirect_error(UseTask(), error));
  if (expired_) co_return Wait::expired;
  co_return error ? Wait::failed : Wait::ready;
}

Task<> Connection::run() {
  ErrorCode error;
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  socket_.non_blocking(true, error);
  if (error) co_return;
  while (true) {
    if (buffer_.size() == 0) {
      server_.give_back_buffer(std::move(buffer_));
      buffer_ = {};
      deadline_ = Clock::now() + server_.settings().idle_time;
      idle_ = true;
      const Wait woken = co_await wait(Socket::wait_read);
      idle_ = false;
      if (woken != Wait::ready) co_return;
      buffer_ = server_.take_buffer();
    }
    if (!co_await serve_one()) co_return;
  }
}

AnswerFrame Connection::frame(const Request& request) const {
  return {.request_id = request.id.view(),
          .close = !request.keep_alive || server_.draining(),
          .http_1_0 = request.http_1_0,
          .head_only = request.parser.method == "HEAD"};
}

// Returns whether the connection goes on.
Task<bool> Connection::serve_one() {
  Request request(server_.settings().max_body);
  deadline_ = Clock::now() + kHeadTime;
  if (!co_await read_head(request)) co_return false;
  const HttpServer::ActiveRequest active(server_);
  co_return co_await dispatch(request);
}

// Takes what the socket has, without waiting.
Connection::Read Connection::try_read() {
  ErrorCode error;
  const std::size_t size = socket_.read_some(buffer_.prepare(kReadSize), error);
  buffer_.commit(size);
  if (size > 0) return Read::some;
  return would_block(error) ? Read::nothing_yet : Read::ended;
}

// Waits for more. False at the end, on an error, or when the deadline has passed (then expired_ is set).
Task<bool> Connection::read_more() {
  while (true) {
    if (co_await wait(Socket::wait_read) != Wait::ready) co_return false;
    const Read read = try_read();
    if (read != Read::nothing_yet) co_return read == Read::some;
  }
}

Task<bool> Connection::read_head(Request& request) {
  HeadScanner scanner{HeadLimits{}};
  bool first_bytes = true;
  HeadScanner::Progress progress = HeadScanner::Progress::need_more;
  while (true) {
    // RFC 9112 section 2.2: one empty line before a request line is ignored.
    if (first_bytes && view(buffer_).starts_with("\r\n")) {
      buffer_.consume(2);
      first_bytes = false;
    }
    if (buffer_.size() > 0 && view(buffer_) != "\r") {
      first_bytes = false;
      progress = scanner.scan(view(buffer_));
    }
    if (progress == HeadScanner::Progress::complete) break;
    if (progress == HeadScanner::Progress::refused) co_return co_await refuse(nullptr, scanner.refusal());
    const Read read = try_read();
    if (read == Read::some) continue;
    if (read == Read::ended || !co_await read_more()) {
      if (expired_ && buffer_.size() > 0)
        co_await refuse(nullptr, {408, "the head of the request did not arrive within 10 s"});
      co_return false;
    }
  }
  ErrorCode error;
  request.parser.put(asio::buffer(buffer_.data(), scanner.head_size()), error);
  if (error && error != boost::beast::http::error::need_more &&
      error != boost::beast::http::error::body_limit)
    co_return co_await refuse(nullptr, {400, "the head of the request cannot be parsed: " + error.message()});
  request.http_1_0 = !request.parser.is_http_1_1();
  if (const Refusal refusal = request.parser.check_fields()) co_return co_await refuse(nullptr, refusal);
  if (error == boost::beast::http::error::body_limit ||
      request.parser.declared_length() > server_.settings().max_body)
    co_return co_await refuse(nullptr, {413, "the body is longer than the limit of " +
                                                 std::to_string(server_.settings().max_body) + " bytes"});
  request.keep_alive = request.parser.keep_alive();
  buffer_.consume(scanner.head_size());
  co_return true;
}

Task<bool> Connection::dispatch(Request& request) {
  const RequestParser& parser = request.parser;
  Route where = route(parser.method, parser.target);
  if (const Refusal refusal =
          server_.settings().access.check(parser.target, parser.host, parser.origin, parser.fetch_site))
    co_return co_await refuse(&request, refusal);
  if (where.kind == Route::Kind::refused)
    co_return co_await refuse(
        &request, where.refusal,
        where.allow ? "Allow: " + std::string(kAllowedMethods) + "\r\n" : std::string());
  if ((parser.chunked() || parser.declared_length() > 0) && !co_await read_body(request)) co_return false;
  switch (where.kind) {
    case Route::Kind::health:
      co_return co_await write(plain(200, "application/json", "{\"status\":\"ok\"}\n", frame(request)));
    case Route::Kind::readiness: {
      const bool ready = server_.ready();
      co_return co_await write(plain(ready ? 200 : 503, "application/json",
                                     ready ? "{\"status\":\"ready\"}\n" : "{\"status\":\"not ready\"}\n",
                                     frame(request), ready ? "" : "Retry-After: 1\r\n"));
    }
    case Route::Kind::options:
      co_return co_await write(
          plain(204, {}, {}, frame(request), "Allow: " + std::string(kAllowedMethods) + "\r\n"));
    case Route::Kind::function:
      co_return co_await invoke(request, where.function, where.path, where.query);
    case Route::Kind::refused:
      break;
  }
  co_return false;
}

Task<bool> Connection::invoke(Request& request, std::string_view function, std::string_view path,
                              std::string_view query) {
  Cancellation cancellation;
  const bool watched = server_.settings().cancel_on_disconnect;
  Invocation call{.function = function,
                  .request_id = request.id.view(),
                  .method = request.parser.method,
                  .path = path,
                  .query = query,
                  .headers = request.parser.headers,
                  .body = request.body,
                  .cancellation = watched ? &cancellation : nullptr};
  deadline_ = TimePoint::max();  // an invocation has its own
  std::shared_ptr<DisconnectWatch> watch;
  if (watched) {
    watch = std::make_shared<DisconnectWatch>();
    watch->socket = &socket_;
    watch->cancellation = &cancellation;
    watch->start();
  }
  Outcome outcome = co_await server_.dispatcher().invoke(call);
  server_.observe(outcome, call);
  if (watch) watch->stop();
  co_return co_await write(answer_to(std::move(outcome), function, frame(request)));
}

Task<bool> Connection::read_body(Request& request) {
  const bool chunked = request.parser.chunked();
  const std::uint64_t size = chunked ? server_.settings().max_body : request.parser.declared_length();
  if (!chunked && size <= buffer_.size()) {
    request.body.assign(view(buffer_).substr(0, size));
    buffer_.consume(size);
    co_return true;
  }
  deadline_ = Clock::now() + kHeadTime + std::chrono::seconds(size / kSlowestBody);
  if (request.parser.expects_continue && !request.http_1_0 && buffer_.size() == 0) {
    const TimePoint body_deadline = deadline_;
    if (!co_await write(Answer{.head = "HTTP/1.1 100 Continue\r\n\r\n", .body = {}})) co_return false;
    deadline_ = body_deadline;
  }
  bool complete = false;
  if (chunked)
    complete = co_await read_chunked_body(request);
  else
    complete = co_await read_sized_body(request, size);
  if (complete) co_return true;
  if (expired_) co_await refuse(&request, {408, "the body of the request did not arrive in time"});
  co_return false;
}

// Straight into the body, without passing through the buffer. Memory grows with what has arrived, not with
// what was said.
Task<bool> Connection::read_sized_body(Request& request, std::uint64_t size) {
  std::string& body = request.body;
  const std::size_t buffered = std::min<std::size_t>(buffer_.size(), size);
  body.assign(view(buffer_).substr(0, buffered));
  buffer_.consume(buffered);
  std::size_t filled = buffered;
  while (filled < size) {
    if (filled == body.size())
      body.resize(std::min<std::size_t>(size, std::max(2 * filled, filled + kBodyReadSize)));
    ErrorCode error;
    const std::size_t count =
        socket_.read_some(asio::buffer(body.data() + filled, body.size() - filled), error);
    filled += count;
    if (count > 0) continue;
    if (!would_block(error)) co_return false;
    if (co_await wait(Socket::wait_read) != Wait::ready) co_return false;
  }
  co_return true;
}

Task<bool> Connection::read_chunked_body(Request& request) {
  RequestParser& parser = request.parser;
  while (!parser.is_done()) {
    ErrorCode error;
    const std::size_t used = buffer_.size() > 0 ? parser.put(buffer_.data(), error) : 0;
    buffer_.consume(used);
    if (error == boost::beast::http::error::body_limit) {
      co_await refuse(&request, {413, "the body is longer than the limit of " +
                                          std::to_string(server_.settings().max_body) + " bytes"});
      co_return false;
    }
    if (error && error != boost::beast::http::error::need_more) {
      co_await refuse(&request, {400, "the chunked body cannot be parsed: " + error.message()});
      co_return false;
    }
    if (parser.is_done()) break;
    if (used > 0 && buffer_.size() > 0) continue;
    if (buffer_.size() > HeadLimits{}.field_line) {
      co_await refuse(&request, {400, "a chunk header or trailer is too long"});
      co_return false;
    }
    const Read read = try_read();
    if (read == Read::some) continue;
    if (read == Read::ended || !co_await read_more()) co_return false;
  }
  request.body = std::move(parser.body);
  co_return true;
}

// Answers, then closes: after a framing error nobody knows where the next request would begin.
Task<bool> Connection::refuse(const Request* request, Refusal refusal, std::string extra) {
  const RequestId id = request != nullptr ? request->id : RequestId::make();
  expired_ = false;
  Answer answer = front::refuse(refusal,
                                {.request_id = id.view(),
                                 .close = true,
                                 .head_only = request != nullptr && request->parser.method == "HEAD"},
                                extra);
  deadline_ = Clock::now() + kWriteTime;
  server_.refused(refusal, id.view());
  co_await write(std::move(answer));
  co_await linger();
  co_return false;
}

Task<bool> Connection::write(Answer answer) {
  deadline_ = TimePoint::max();
  std::array<asio::const_buffer, 2> pieces{asio::buffer(answer.head), asio::buffer(answer.body)};
  while (pieces[0].size() + pieces[1].size() > 0) {
    ErrorCode error;
    std::size_t written = socket_.write_some(pieces, error);
    for (asio::const_buffer& piece : pieces) {
      const std::size_t part = std::min(written, piece.size());
      piece += part;
      written -= part;
    }
    if (!error) continue;
    if (!would_block(error)) co_return false;
    if (deadline_ == TimePoint::max()) deadline_ = Clock::now() + kWriteTime;
    if (co_await wait(Socket::wait_write) != Wait::ready) co_return false;
  }
  co_return answer.head.find("\r\nConnection: close\r\n") == std::string::npos;
}

// Closing while the client still sends would reset the connection and take the answer with it (RFC 9112
// section 9.6).
Task<> Connection::linger() {
  ErrorCode error;
  socket_.shutdown(Socket::shutdown_send, error);
  deadline_ = Clock::now() + kLingerTime;
  // One read per turn of the loop: a client that never stops sending may not hold up the others.
  while (co_await wait(Socket::wait_read) == Wait::ready) {
    buffer_.clear();
    const std::size_t size = socket_.read_some(buffer_.prepare(kReadSize), error);
    if (size == 0 && !would_block(error)) co_return;
  }
}

}  // namespace coffees::front
