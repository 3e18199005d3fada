#include "cli/admin_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace coffees::cli {

std::string make_token_if_needed(const config::Config& configuration) {
  const bool needed =
      configuration.server.admin_token.empty() &&
      std::any_of(configuration.functions.begin(), configuration.functions.end(),
                  [](const auto& function) { return function.network == config::NetworkKind::host; });
  std::string token;
  if (!needed) return token;
  std::random_device device;  // getrandom(2) or better
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", device());
  return token;
}

void tell_where_token_is(admin::AdminServer& admin, const std::string& file, Console& console) {
  if (file.empty()) {
    admin.set_token_hint(
        "the server could not store the token: set admin_token, or start it with XDG_RUNTIME_DIR");
    console.notice(
        "a function has the host's network, so the admin port requires a token, and there is no folder to "
        "store one in: set admin_token");
    return;
  }
  admin.set_token_hint("send Authorization: Bearer TOKEN; the token is in " + file +
                       " after the server's process id; only the server's user can read it, and that user's "
                       "coffees commands send it");
  console.notice("a function has the host's network, so the admin port requires a token: it is in " + file +
                 ", where coffees commands find it");
}

}  // namespace coffees::cli
