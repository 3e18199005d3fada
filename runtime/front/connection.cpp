#include "front/connection.h"

#include <array>
#include <memory>

#include "front/client_address.h"
#include "front/http_server.h"
#include "platform/connection_socket.h"

namespace coffees::front {
namespace {

constexpr auto kWriteTime = std::chrono::seconds(30);
constexpr std::size_t kSlowestClient = 64 * 1024;  // bytes a second
constexpr std::size_t kLingerReadSize = 64 * 1024;

std::string allow_field() { return "Allow: " + std::string(kAllowedMethods) + "\r\n"; }

// Watches for the client's end while its invocation runs; only with --cancel-on-disconnect.
struct DisconnectWatch : std::enable_shared_from_this<DisconnectWatch> {
  DisconnectWatch(Socket& watched, Cancellation& to_request) : socket(watched), cancellation(&to_request) {}
  Socket& socket;
  Cancellation* cancellation;

  void start() {
    socket.async_wait(Socket::wait_read, [self = shared_from_this()](const ErrorCode& error) {
      if (error || self->cancellation == nullptr) return;
      char byte = 0;
      ErrorCode peeked;
      self->socket.receive(asio::buffer(&byte, 1), Socket::message_peek, peeked);
      if (peeked && !would_block(peeked)) self->cancellation->request();
    });
  }
  void stop() {
    cancellation = nullptr;
    ErrorCode ignored;
    socket.cancel(ignored);
  }
};

}  // namespace

Connection::Connection(HttpServer& server, Socket socket)
    : server_(server), socket_(std::move(socket), server.timers().clock()) {
  server_.opened(*this);
}

Connection::~Connection() { server_.closed(*this); }

Task<> Connection::run() {
  if (!socket_.open()) co_return;
  while (true) {
    if (socket_.unread().empty()) {
      server_.give_back_buffer(std::move(socket_.buffer()));
      socket_.buffer() = {};
      socket_.allow(server_.settings().idle_time);
      idle_ = true;
      const TimedSocket::Wait woken = co_await socket_.wait(Socket::wait_read);
      idle_ = false;
      if (woken != TimedSocket::Wait::ready) co_return;
      socket_.buffer() = server_.take_buffer();
    } else {
      // A client that pipelines without end may not keep the loop to itself.
      co_await yield_to_others();
    }
    if (!co_await serve_one()) co_return;
  }
}

// Returns whether the connection goes on.
Task<bool> Connection::serve_one() {
  const ServerSettings& settings = server_.settings();
  Request request(settings.max_body, server_.ids().make());
  ReadResult read = co_await read_head(socket_, request, settings.access, settings.max_body);
  if (read.state == ReadResult::State::gone) co_return false;
  const HttpServer::ActiveRequest active(server_);
  const RequestIds::Use use =
      server_.ids().begin(request.id, request.parser.given_id, request.given_id_in_use);
  origin_lines_ = settings.access.origins().answer_lines(request.parser.origin, request.route.function);
  const bool has_body = request.parser.chunked() || request.parser.declared_length() > 0;
  const BodyRules rules{.most = settings.max_body, .least_rate = settings.min_upload};
  if (read.state == ReadResult::State::complete && has_body)
    read = co_await read_body(socket_, request, rules);
  if (read.state == ReadResult::State::gone) co_return false;
  if (read.state == ReadResult::State::refused) co_return co_await refuse(request, read.refusal);
  co_return co_await answer(request);
}

AnswerFrame Connection::frame(const Request& request) const {
  return {.request_id = request.id.view(),
          .close = !request.keep_alive || server_.draining(),
          .http_1_0 = request.http_1_0,
          .head_only = request.head_only,
          .origin_lines = origin_lines_};
}

// Who is connected is asked once, and what a proxy says with each request.
void Connection::find_client(Request& request) {
  if (client_.empty()) {
    ErrorCode error;
    const auto endpoint = socket_.socket().remote_endpoint(error);
    if (error) return;  // it has gone
    peer_ = without_mapping(endpoint.address());
    client_ = peer_.to_string();
  }
  const AddressSet& trusted = server_.settings().trusted_proxies;
  request.client = trusted.empty() ? client_ : client_address(peer_, request.parser.headers, trusted);
}

bool Connection::has_left() { return platform::peer_has_finished(socket_.socket().native_handle()); }

Task<bool> Connection::answer(Request& request) {
  socket_.clear_deadline();  // an invocation has its own
  Answer made;
  switch (request.route.kind) {
    case Route::Kind::function: {
      Outcome outcome = co_await invoke(request);
      AnswerFrame answer_frame = frame(request);
      // What it had pipelined behind it is not wanted any more either.
      answer_frame.close = answer_frame.close || outcome.kind == Outcome::Kind::client_gone;
      made = answer_to(std::move(outcome), request.route.function, answer_frame);
      break;
    }
    case Route::Kind::health:
      made = plain(200, "application/json", "{\"status\":\"ok\",\"admin\":\"" + server_.admin_url() + "\"}\n",
                   frame(request));
      break;
    case Route::Kind::readiness:
      if (const char* why = server_.why_not_ready(); why == nullptr)
        made = plain(200, "application/json", "{\"status\":\"ready\"}\n", frame(request));
      else
        made =
            plain(503, "application/json", std::string(R"({"status":"not ready","reason":")") + why + "\"}\n",
                  frame(request), "Retry-After: 1\r\n");
      break;
    case Route::Kind::options: {
      std::string fields = allow_field();
      if (origin_lines_.find("Access-Control-Allow-Origin") != std::string::npos)
        fields += Origins::preflight_lines(request.parser.headers, kAllowedMethods);
      made = plain(204, {}, {}, frame(request), fields);
      break;
    }
    case Route::Kind::refused:
      break;  // was answered before
  }
  const bool goes_on = co_await write(made);
  written(std::move(made));
  co_return goes_on;
}

Task<Outcome> Connection::invoke(Request& request) {
  find_client(request);
  Cancellation cancellation;
  const bool watched = server_.settings().cancel_on_disconnect;
  const Invocation call{
      .function = request.route.function,
      .request_id = request.id.view(),
      .given_request_id = request.given_id_in_use ? std::string_view(request.parser.given_id) : "",
      .method = request.parser.method,
      .path = request.route.path,
      .query = request.route.query,
      .client = request.client,
      .headers = request.parser.headers,
      .body = request.body,
      .cancellation = watched ? &cancellation : nullptr,
      .caller = this};
  std::shared_ptr<DisconnectWatch> watch;
  if (watched) {
    watch = std::make_shared<DisconnectWatch>(socket_.socket(), cancellation);
    watch->start();
  }
  Outcome outcome = co_await server_.dispatcher().invoke(call);
  if (watch) watch->stop();
  co_return outcome;
}

// Answers, then closes: after a framing error nobody knows where the next request would begin.
Task<bool> Connection::refuse(const Request& request, const Refusal& refusal) {
  AnswerFrame closing = frame(request);
  closing.close = true;
  const Answer answer =
      front::refuse(refusal, closing, refusal.status == 405 ? allow_field() : std::string());
  server_.dispatcher().log().request_refused(
      refusal.status, request.id.view(),
      {.method = request.parser.method,
       .path = path_of(request.parser.target),
       .given_id = request.given_id_in_use ? std::string_view(request.parser.given_id) : ""},
      server_.timers().now());
  co_await write(answer);
  co_await linger();
  co_return false;
}

// Returns whether the connection goes on after it.
Task<bool> Connection::write(const Answer& answer) {
  socket_.clear_deadline();
  std::array<asio::const_buffer, 2> pieces{asio::buffer(answer.head), asio::buffer(answer.body)};
  while (pieces[0].size() + pieces[1].size() > 0) {
    ErrorCode error;
    std::size_t written = socket_.socket().write_some(pieces, error);
    for (asio::const_buffer& piece : pieces) {
      const std::size_t part = std::min(written, piece.size());
      piece += part;
      written -= part;
    }
    if (!error) continue;
    if (!would_block(error)) co_return false;
    if (!socket_.has_deadline())
      socket_.allow(kWriteTime + std::chrono::seconds(answer.body.size() / kSlowestClient));
    if (co_await socket_.wait(Socket::wait_write) != TimedSocket::Wait::ready) co_return false;
  }
  co_return !answer.close;
}

// Closing while the client still sends would reset the connection and take the answer with it (RFC 9112
// section 9.6).
Task<> Connection::linger() {
  ErrorCode error;
  socket_.socket().shutdown(Socket::shutdown_send, error);
  socket_.allow(server_.settings().linger);
  // One read per turn of the loop: a client that never stops sending may not hold up the others.
  while (co_await socket_.wait(Socket::wait_read) == TimedSocket::Wait::ready) {
    socket_.buffer().clear();
    const std::size_t size = socket_.socket().read_some(socket_.buffer().prepare(kLingerReadSize), error);
    if (size == 0 && !would_block(error)) co_return;
  }
}

}  // namespace coffees::front
