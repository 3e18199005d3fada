// Who may talk to the admin port.
#pragma once

#include <string>

#include "http/access_rules.h"
#include "http/request_reader.h"

namespace coffees::admin {

struct GuardSettings {
  http::AccessRules access{{}, "127.0.0.1"};
  std::string token;  ///< when not empty, every request but /healthz has to carry it
  std::string token_hint =
      "Authorization: Bearer TOKEN; for coffees: COFFEES_ADMIN_TOKEN";  ///< how to get it
};

/// Why a request is refused: by its host, its origin, a body in a form that is not read here, or for want of
/// the token.
http::Refusal check(const GuardSettings& settings, const http::Request& request);

}  // namespace coffees::admin
