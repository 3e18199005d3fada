// Taking the two ports of a server: invoke, and admin beside it.
#pragma once

#include <optional>
#include <string>

#include "admin/admin_server.h"
#include "config/config.h"
#include "console.h"
#include "http/server.h"

namespace coffees::cli {

/// Listens on both ports. Those that were not asked for by number move on together to the next free pair,
/// said on the console. Returns an exit code, with the problem printed to standard error, when a port that
/// was asked for is taken or an address is not this machine's.
std::optional<int> take_ports(http::Server& front, admin::AdminServer& admin, const config::Server& wanted,
                              Console& console);

/// "http://127.0.0.1:2633": how this machine reaches what listens on `wanted`.
std::string url_of(const std::string& wanted, std::uint16_t port);

}  // namespace coffees::cli
