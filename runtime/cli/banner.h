// What `serve` says when it is ready.
#pragma once

#include "cli/host_facts.h"
#include "config/config.h"
#include "console.h"

namespace coffees::cli {

/// Functions with their URLs, the admin port, and every isolation feature with on or off and why.
void print_banner(Console& console, const config::Config& configuration, const HostFacts& host,
                  const std::string& url, const std::string& admin_url);

}  // namespace coffees::cli
