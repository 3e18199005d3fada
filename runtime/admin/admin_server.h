// The admin port: cpp-httplib on threads of its own, beside the loop.
#pragma once

#include <httplib.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "admin/api.h"
#include "admin/guard.h"
#include "admin/guarded_server.h"

namespace coffees::admin {

/// Serves the API from start() to stop(). The library holds a thread per connection: 128 streams and 16
/// others at once. Made, started and stopped on one thread.
class AdminServer {
 public:
  explicit AdminServer(GuardSettings guard);
  /// What those who come without the token are told. Before start().
  void set_token_hint(std::string hint) { guard_.token_hint = std::move(hint); }
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  ~AdminServer() { stop(); }

  /// Binds; 0 takes a free port. Returns false when the port is taken or the address is not this machine's.
  bool bind(const std::string& host, std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Begins to answer. Once, after bind().
  void start(const Sources& sources);
  /// Ends every connection and waits for it. The event log and the bridge have been closed before.
  void stop();

 private:
  GuardSettings guard_;
  std::unique_ptr<Api> api_;
  GuardedServer server_;
  int listener_ = -1;  ///< borrowed from the library
  std::uint16_t port_ = 0;
  std::thread thread_;
  std::atomic<bool> ended_{false};
};

}  // namespace coffees::admin
