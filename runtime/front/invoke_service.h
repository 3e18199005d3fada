// The invoke port: what its connections share, and whether it is ready.
#pragma once

#include <string>

#include "addresses.h"
#include "dispatcher/dispatcher.h"
#include "http/access_rules.h"
#include "http/handler.h"

namespace coffees::front {

struct InvokeSettings {
  http::AccessRules access{{}, "127.0.0.1"};
  bool cancel_on_disconnect = false;
  AddressSet trusted_proxies{};  ///< whose X-Forwarded-For is believed
};

/// Loop thread only. Outlives the server that it answers for.
class InvokeService final : public http::Service {
 public:
  /// The dispatcher outlives this. `timers` date what is told to the event log.
  InvokeService(Dispatcher& dispatcher, TimerQueue& timers, InvokeSettings settings)
      : dispatcher_(dispatcher), timers_(timers), settings_(std::move(settings)) {}

  std::unique_ptr<http::Handler> handler_for(http::Connection& connection) override;
  void turned_away(std::string_view request_id) override;

  /// Where the admin port is, for clients that know only this port (GET /healthz says it). Before the server
  /// starts.
  void set_admin_url(std::string url) { admin_url_ = std::move(url); }

  // For handlers.
  [[nodiscard]] const std::string& admin_url() const { return admin_url_; }
  [[nodiscard]] const InvokeSettings& settings() const { return settings_; }
  [[nodiscard]] Dispatcher& dispatcher() { return dispatcher_; }
  [[nodiscard]] TimerQueue& timers() { return timers_; }
  /// What GET /readyz says: null when requests can be served, else why not. While draining, while every
  /// function has failed to load or has its breaker open, and before each has its min_warm.
  [[nodiscard]] const char* why_not_ready() const;

 private:
  Dispatcher& dispatcher_;
  TimerQueue& timers_;
  InvokeSettings settings_;
  std::string admin_url_;
};

}  // namespace coffees::front
