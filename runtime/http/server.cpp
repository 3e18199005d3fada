#include "http/server.h"

#include <algorithm>

#include "diagnostics/diagnostics.h"
#include "http/answer.h"
#include "platform/output.h"

namespace coffees::http {
namespace {

constexpr int kBacklog = 4096;  // the kernel takes less where net.core.somaxconn is less (listen(2))
constexpr int kMostFreePortsTried = 50;
constexpr auto kAcceptPause = std::chrono::milliseconds(10);
constexpr auto kSweepEvery = std::chrono::milliseconds(100);

using diagnostics::Room;
using diagnostics::warn_seldom;

}  // namespace

Server::ActiveRequest::~ActiveRequest() {
  if (--server_.active_ == 0) server_.quiet_.notify();
}

Server::Server(Loop& loop, TimerQueue& timers, Service& service, const ServerSettings& settings)
    : loop_(loop),
      timers_(timers),
      service_(service),
      settings_(settings),
      acceptor_(loop.get_executor()),
      second_acceptor_(loop.get_executor()),
      spare_(platform::open_spare()),
      ids_(timers.clock()),
      scratch_(timers.clock()),
      quiet_(loop.get_executor()),
      connected_(loop.get_executor()) {}

ErrorCode Server::bind(Acceptor& acceptor, const asio::ip::address& address, std::uint16_t port) {
  ErrorCode error;
  const asio::ip::tcp::endpoint endpoint(address, port);
  acceptor.close(error);
  if (acceptor.open(endpoint.protocol(), error)) return error;
  // Bind at once after a restart; a second server on the same port still fails (socket(7), SO_REUSEADDR).
  if (acceptor.set_option(asio::socket_base::reuse_address(true), error)) return error;
  if (acceptor.bind(endpoint, error)) return error;
  acceptor.listen(kBacklog, error);
  return error;
}

ErrorCode Server::listen(const std::string& host, std::uint16_t port) {
  ErrorCode error;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) return error;
  if ((error = bind(acceptor_, address, port))) return error;
  port_ = acceptor_.local_endpoint(error).port();
  return error;
}

ErrorCode Server::listen_on_both_loopbacks(std::uint16_t port) {
  for (int tries = 1;; ++tries) {
    if (const ErrorCode error = listen("127.0.0.1", port)) return error;
    const ErrorCode error = bind(second_acceptor_, asio::ip::address_v6::loopback(), port_);
    if (!error) return error;
    ErrorCode ignored;
    second_acceptor_.close(ignored);
    if (error != asio::error::address_in_use) return {};
    // Free on one, taken on the other: any other free port will do, but not one that was asked for.
    if (port != 0 || tries == kMostFreePortsTried) return error;
  }
}

void Server::start() {
  spawn_detached(loop_.get_executor(), accept(acceptor_));
  if (second_acceptor_.is_open()) spawn_detached(loop_.get_executor(), accept(second_acceptor_));
  spawn_detached(loop_.get_executor(), sweep());
}

Task<> Server::accept(Acceptor& acceptor) {
  while (true) {
    ErrorCode error;
    Socket socket = co_await acceptor.async_accept(asio::redirect_error(UseTask(), error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      warn_seldom(Room::http, "accept",
                  "a connection cannot be accepted and gets 503: " + error.message() +
                      "; raise the limit of open files (ulimit -n, LimitNOFILE)");
      // Out of descriptors: give up the spare one, so that the client gets an end instead of silence.
      spare_.reset();
      ErrorCode ignored;
      Socket unwanted(loop_.get_executor());
      acceptor.non_blocking(true, ignored);
      if (!acceptor.accept(unwanted, ignored)) turn_away(std::move(unwanted));
      spare_ = platform::open_spare();
      co_await sleep_until(timers_, timers_.now() + kAcceptPause);
      continue;
    }
    try {
      admit(std::move(socket));
    } catch (const std::exception& failure) {
      // Out of memory, most likely: this client loses its connection, the others keep theirs.
      warn_seldom(Room::http, "exception",
                  std::string("a connection was closed after an internal error: ") + failure.what());
    }
  }
}

void Server::admit(Socket socket) {
  if (connections_.size() >= settings_.max_connections && !close_one_that_is_idle()) {
    warn_seldom(
        Room::http, "connections",
        "all " + std::to_string(connections_.size()) +
            " connections are in use: new ones get 503; the limit follows that of open files (ulimit -n, "
            "LimitNOFILE): half of it on the invoke port, an eighth, at most 1024, on the admin port");
    return turn_away(std::move(socket));
  }
  spawn_detached(loop_.get_executor(), [](Server& server, Socket client) -> Task<> {
    try {
      Connection connection(server, std::move(client));
      co_await connection.run();
    } catch (const std::exception& failure) {
      // As above.
      warn_seldom(Room::http, "exception",
                  std::string("a connection was closed after an internal error: ") + failure.what());
    }
  }(*this, std::move(socket)));
}

// The one that has been open for longest: those that only hold a place make room for those that ask.
bool Server::close_one_that_is_idle() {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](Connection& connection) { return connection.close_if_idle(); });
}

void Server::turn_away(Socket socket) {
  const RequestId id = ids_.make();
  const AnswerFrame frame{.scratch = scratch_, .request_id = id.view(), .close = true};
  const Answer answer = refuse({RefusalCode::unavailable, "too many connections"}, frame);
  service_.turned_away(id.view());
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(answer.head + answer.body), ignored);
}

// One look at all connections ten times a second is cheaper than a timer for each of their requests.
Task<> Server::sweep() {
  while (true) {
    co_await sleep_until(timers_, timers_.now() + kSweepEvery);
    while (connections_.empty()) co_await connected_.wait();  // an idle server sleeps
    const TimePoint now = timers_.now();
    for (Connection& connection : connections_) connection.check_deadline(now);
  }
}

void Server::drain() {
  draining_ = true;
  for (Connection& connection : connections_) connection.close_if_idle();
}

Task<> Server::wait_until_quiet() {
  while (active_ > 0) co_await quiet_.wait();
}

}  // namespace coffees::http
