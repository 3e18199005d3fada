// The keys that name web origins, proxies and the pace of clients.
#pragma once

#include "config/keys.h"

namespace coffees::config {

/// `origins` of [server] and of a function.
Key<Server> server_origins_key();
Key<Function> function_origins_key();
/// `trusted_proxies` of [server].
Key<Server> trusted_proxies_key();
/// `min_upload` of [server]: a size a second.
Key<Server> min_upload_key();
/// `memory_budget` of [server]: a size, or "auto".
Key<Server> memory_budget_key();
/// `host` of [server], and with it that it was asked for.
Key<Server> host_key();

/// What is wrong with an entry of `origins`, as a hint; empty: nothing. An origin is what browsers send:
/// scheme, host and, unless it is the scheme's own, port (RFC 6454 section 6.2).
std::string origin_complaint(const std::string& origin);

}  // namespace coffees::config
