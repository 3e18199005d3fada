// The admin port: a loop and a thread of its own, beside the dispatcher's.
#pragma once

#include <optional>
#include <string>
#include <thread>

#include "admin/admin_service.h"
#include "http/server.h"

namespace coffees::admin {

/// Serves the API from start() to stop(), at low priority: observers must not slow what they observe. Made,
/// started and stopped on one thread, while the dispatcher's loop does not run.
class AdminServer {
 public:
  /// At most `max_connections` at a time. `budget` is charged with requests and answers; it outlives this.
  AdminServer(GuardSettings guard, std::size_t max_connections, MemoryBudget& budget);
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  ~AdminServer() { stop(); }

  /// The hint in answers to requests without the token. Before start().
  void set_token_hint(std::string hint) { service_.set_token_hint(std::move(hint)); }

  /// Binds; 0 takes a free port. Returns an error when the port is taken or the address is not this
  /// machine's.
  ErrorCode bind(const std::string& host, std::uint16_t port) { return server_.listen(host, port); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  /// Begins to answer. Once, after bind(). Questions about the dispatcher go to `dispatcher_loop`.
  void start(const Sources& sources, Loop& dispatcher_loop);
  /// No question is answered any more: the dispatcher's loop does not run.
  void close_bridge();
  /// Ends every connection. The event log has been closed before; streams and other answers under way have
  /// half a second.
  void stop();

 private:
  void run();
  Task<> end_when_told();

  SystemClock clock_;
  Loop loop_;
  TimerQueue timers_;
  AdminService service_;
  http::Server server_;
  Doorbell bell_;
  std::optional<Bridge> bridge_;
  std::optional<ScanThread> scans_;
  std::optional<Api> api_;
  std::thread thread_;
};

}  // namespace coffees::admin
