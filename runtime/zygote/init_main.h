// A function's init: PID 1 of its namespace. Trusted, single-threaded, runs no handler code.
#pragma once

#include <string>

#include "platform/unique_fd.h"
#include "zygote/control.h"

namespace coffees::zygote {

/// The launcher, first role of coffees-worker: reads a LaunchRequest from `channel`, clones the init of that
/// function into its namespaces, passes its handle to the dispatcher, and ends. The clone becomes init and
/// never returns either.
[[noreturn]] void launcher_main(platform::UniqueFd channel);

/// Enters the function's sandbox, then starts zygotes on command, reaps everything that ends in the
/// function's PID namespace and reports how it ended. When `channel` closes the dispatcher is gone: init
/// ends, and the kernel ends the whole namespace with it; without namespaces init kills every descendant
/// first.
[[noreturn]] void init_main(platform::UniqueFd channel, const LaunchRequest& request,
                            platform::UniqueFd plugin, platform::View view);

}  // namespace coffees::zygote
