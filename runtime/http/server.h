// One port: accepts connections and keeps their timers.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "base/defaults.h"
#include "http/connection.h"
#include "http/handler.h"
#include "http/request_ids.h"
#include "http/scratch.h"
#include "platform/unique_fd.h"
#include "timer_queue.h"

namespace coffees::http {

struct ServerSettings {
  RequestLimits limits{};
  std::size_t max_connections =
      10'000;  ///< beyond them one that is idle is closed, or the new one turned away
  Duration idle_time{std::chrono::seconds(75)};
  Duration write_time{std::chrono::seconds(30)};  ///< for a client to take an answer or a piece of one, and
                                                  ///< a second more for each 64 KiB
  Duration stall_time{std::chrono::hours(24)};    ///< for a client to take anything at all of an answer
  Duration linger = defaults::kLinger;            ///< how long a refused client may keep sending
  MemoryBudget* budget =
      nullptr;  ///< what requests and answers may take; outlives the server; null: nothing is counted
};

/// The listener and all of its connections. Loop thread only. Outlives the connections' coroutines.
class Server {
 public:
  Server(Loop& loop, TimerQueue& timers, Service& service, const ServerSettings& settings);

  /// Binds and listens. Port 0 takes a free one. Returns an error instead of throwing: a taken port is not a
  /// surprise.
  ErrorCode listen(const std::string& host, std::uint16_t port);
  /// The same on 127.0.0.1 and ::1, with one port for both: clients that are told "localhost" take either.
  /// On a machine without IPv6 it is 127.0.0.1 alone.
  ErrorCode listen_on_both_loopbacks(std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Begins to accept. Once.
  void start();
  /// No connection is kept any longer than its current request; new requests are still answered.
  void drain();
  /// Whether no request is under way.
  [[nodiscard]] bool is_quiet() const { return active_ == 0; }
  /// Completes when that is so.
  Task<> wait_until_quiet();

  /// Counts a request from its head to the last byte of its answer.
  class ActiveRequest {
   public:
    explicit ActiveRequest(Server& server) : server_(server) { ++server_.active_; }
    ActiveRequest(const ActiveRequest&) = delete;
    ActiveRequest& operator=(const ActiveRequest&) = delete;
    ~ActiveRequest();

   private:
    Server& server_;
  };

  // For connections.
  [[nodiscard]] const ServerSettings& settings() const { return settings_; }
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] Service& service() { return service_; }
  [[nodiscard]] TimerQueue& timers() { return timers_; }
  [[nodiscard]] RequestIds& ids() { return ids_; }
  [[nodiscard]] Scratch& scratch() { return scratch_; }
  void opened(Connection& connection) {
    if (connections_.empty()) connected_.notify();
    connections_.push_back(connection);
  }
  void closed(Connection& connection) { connections_.erase(connections_.iterator_to(connection)); }

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

  static ErrorCode bind(Acceptor& acceptor, const asio::ip::address& address, std::uint16_t port);
  Task<> accept(Acceptor& acceptor);
  Task<> sweep();
  void admit(Socket socket);
  bool close_one_that_is_idle();
  void turn_away(Socket socket);

  Loop& loop_;
  TimerQueue& timers_;
  Service& service_;
  ServerSettings settings_;
  Acceptor acceptor_;
  Acceptor second_acceptor_;  ///< ::1, where that is served, too
  platform::UniqueFd spare_;  ///< given up for a moment to turn a client away when descriptors run out
  std::uint16_t port_ = 0;
  RequestIds ids_;
  Scratch scratch_;
  boost::intrusive::list<Connection> connections_;
  std::size_t active_ = 0;
  bool draining_ = false;
  Signal quiet_;
  Signal connected_;
};

}  // namespace coffees::http
