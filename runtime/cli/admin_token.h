// The admin port's token when the configuration sets none and needs one.
#pragma once

#include <string>

#include "admin/admin_server.h"
#include "config/config.h"
#include "console.h"

namespace coffees::cli {

/// 32 hexadecimal digits that cannot be guessed, if a function has the host's network and so reaches the
/// admin port like any client on this machine. Empty when none has, or when the configuration sets
/// `admin_token`.
std::string make_token_if_needed(const config::Config& configuration);

/// Says on the console, and in the admin port's answer to a request without it, that the token stands in
/// `file`. `file` is empty when the token could not be written anywhere.
void tell_where_token_is(admin::AdminServer& admin, const std::string& file, Console& console);

}  // namespace coffees::cli
