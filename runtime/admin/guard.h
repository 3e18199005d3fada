// Who may talk to the admin port, and in which form: closes what can be closed of the library's known holes.
#pragma once

#include <httplib.h>

#include <string>

#include "front/routes.h"

namespace coffees::admin {

struct GuardSettings {
  front::AccessRules access{{}, "127.0.0.1"};
  std::string token;  ///< when not empty, every request but /healthz has to carry it
  std::string token_hint =
      "Authorization: Bearer TOKEN; for coffees: COFFEES_ADMIN_TOKEN";  ///< how to get it
};

/// Returns true when the request may go on. Otherwise `response` says why not. Debian's cpp-httplib 0.11.4
/// repairs what it should refuse: duplicate or doubtful lengths, encoded bodies, control bytes in fields.
bool admit(const GuardSettings& settings, const httplib::Request& request, httplib::Response& response);

}  // namespace coffees::admin
