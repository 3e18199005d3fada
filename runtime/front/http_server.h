// The invoke port: accepts connections, keeps their timers, and takes their requests to the dispatcher.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "addresses.h"
#include "dispatcher/dispatcher.h"
#include "front/connection.h"
#include "front/request_ids.h"
#include "front/routes.h"
#include "platform/unique_fd.h"

namespace coffees::front {

struct ServerSettings {
  std::uint64_t max_body = 6ULL << 20;  ///< bytes of a request body
  AccessRules access{{}, "127.0.0.1"};
  bool cancel_on_disconnect = false;
  std::size_t max_connections = 10'000;  ///< more are turned away with a 503
  Duration idle_time{std::chrono::seconds(75)};
  std::uint64_t min_upload = 64 << 10;       ///< bytes a second: a body that comes more slowly is refused
  Duration linger{std::chrono::seconds(2)};  ///< how long a refused client may go on sending
  AddressSet trusted_proxies{};              ///< whose X-Forwarded-For is believed
};

/// The listener and all of its connections. Loop thread only. Outlives the connections' coroutines.
class HttpServer {
 public:
  HttpServer(Loop& loop, TimerQueue& timers, Dispatcher& dispatcher, ServerSettings settings);

  /// Binds and listens. Port 0 takes a free one. Returns an error instead of throwing: a taken port is not a
  /// surprise.
  ErrorCode listen(const std::string& host, std::uint16_t port);
  /// The same on 127.0.0.1 and ::1, with one port for both: clients that are told "localhost" take either.
  /// On a machine without IPv6 it is 127.0.0.1 alone.
  ErrorCode listen_on_both_loopbacks(std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Begins to accept. Once.
  void start();
  /// No connection is kept any longer than its current request; new requests are still answered (with 503).
  void drain();
  /// Completes when no request is under way.
  Task<> wait_until_quiet();

  /// Counts a request from its head to the last byte of its answer.
  class ActiveRequest {
   public:
    explicit ActiveRequest(HttpServer& server) : server_(server) { ++server_.active_; }
    ActiveRequest(const ActiveRequest&) = delete;
    ActiveRequest& operator=(const ActiveRequest&) = delete;
    ~ActiveRequest();

   private:
    HttpServer& server_;
  };

  /// Where the admin port is, for those who know only this one (GET /healthz says it). Before start().
  void set_admin_url(std::string url) { admin_url_ = std::move(url); }

  // For connections.
  [[nodiscard]] const std::string& admin_url() const { return admin_url_; }
  [[nodiscard]] const ServerSettings& settings() const { return settings_; }
  [[nodiscard]] bool draining() const { return draining_; }
  /// What GET /readyz says: null when requests can be served, else why not. While draining, while every
  /// function has failed to load or has its breaker open, and before each has its min_warm.
  [[nodiscard]] const char* why_not_ready() const;
  [[nodiscard]] Dispatcher& dispatcher() { return dispatcher_; }
  [[nodiscard]] TimerQueue& timers() { return timers_; }
  [[nodiscard]] RequestIds& ids() { return ids_; }
  void opened(Connection& connection) {
    if (connections_.empty()) connected_.notify();
    connections_.push_back(connection);
  }
  void closed(Connection& connection) { connections_.erase(connections_.iterator_to(connection)); }
  boost::beast::flat_buffer take_buffer();
  void give_back_buffer(boost::beast::flat_buffer buffer);

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

  static ErrorCode bind(Acceptor& acceptor, const asio::ip::address& address, std::uint16_t port);
  Task<> accept(Acceptor& acceptor);
  Task<> sweep();
  void turn_away(Socket socket);

  Loop& loop_;
  TimerQueue& timers_;
  Dispatcher& dispatcher_;
  ServerSettings settings_;
  Acceptor acceptor_;
  Acceptor second_acceptor_;  ///< ::1, where that is served, too
  platform::UniqueFd spare_;  ///< given up for a moment to turn a client away when descriptors run out
  std::uint16_t port_ = 0;
  RequestIds ids_;
  std::string admin_url_;
  boost::intrusive::list<Connection> connections_;
  std::vector<boost::beast::flat_buffer> buffers_;
  std::size_t active_ = 0;
  bool draining_ = false;
  Signal quiet_;
  Signal connected_;
};

}  // namespace coffees::front
