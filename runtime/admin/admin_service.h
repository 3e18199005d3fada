// The admin port's side of its connections: who is admitted, and what becomes of a request.
#pragma once

#include "admin/api.h"
#include "admin/guard.h"
#include "http/handler.h"

namespace coffees::admin {

/// Used on the admin port's loop. Outlives its server.
class AdminService final : public http::Service {
 public:
  explicit AdminService(GuardSettings guard) : guard_(std::move(guard)) {}

  /// The hint in answers to requests without the token. Before the server starts.
  void set_token_hint(std::string hint) { guard_.token_hint = std::move(hint); }
  /// Who answers. Before the server starts.
  void set_api(Api& api) { api_ = &api; }

  std::unique_ptr<http::Handler> handler_for(http::Connection& connection) override;
  void turned_away(std::string_view) override {}

  // For handlers.
  [[nodiscard]] const GuardSettings& guard() const { return guard_; }
  [[nodiscard]] Api& api() { return *api_; }

 private:
  GuardSettings guard_;
  Api* api_ = nullptr;
};

}  // namespace coffees::admin
