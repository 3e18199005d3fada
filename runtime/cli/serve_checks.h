// What ends `coffees serve` before it listens.
#pragma once

#include "cli/commands.h"
#include "cli/host_facts.h"
#include "config/config.h"

namespace coffees::cli {

/// kOk, or kBadPlugin when a library that the command line names is missing or is not a handler library, with
/// each such fault printed to standard error. (A library that only the configuration names is reported at its
/// first request: the other functions are served.)
int check_libraries(const ServeOptions& options, const config::Config& configuration);

/// kOk, or the exit code when this host does not allow what the configuration insists on: isolation, `files`,
/// `secrets`. Prints each problem to standard error. Adds to `host` what becomes of the features that the
/// configuration asks for.
int check_host(const config::Loaded& loaded, HostFacts& host);

}  // namespace coffees::cli
