// A function's zygote: holds the handler library loaded and initialised, and forks workers on command.
#pragma once

#include <string>

#include "platform/isolation.h"
#include "worker/worker_main.h"

namespace coffees::zygote {

/// What a new zygote is given by its init.
struct ZygoteSpec {
  platform::isolation::Sandbox sandbox;
  std::string function;
  bool load_library = true;
};

/// Loads and initialises the handler library (unless the workers shall do it), reports, then forks a worker
/// per ForkWorker message until its channel closes. Never returns.
[[noreturn]] void zygote_main(const ZygoteSpec& spec, WorkerFds fds,
                              platform::isolation::SandboxHandles inside);

}  // namespace coffees::zygote
