// Signals that reach every process of a tree at once (a service manager that stops a unit, a terminal's
// Ctrl-C, a container runtime). The dispatcher alone decides what they mean; a function's own processes
// outlive them.
#pragma once

#include <csignal>

namespace coffees::platform::outside_signals {

/// These signals: SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2. A program that is started with them
/// blocked (posix_spawnattr_setsigmask(3)) cannot be ended by one before it has called ignore().
sigset_t all();

/// From now on the calling process ignores these signals, and they are not blocked. For processes that run no
/// code of handlers: an ignored signal stays ignored in programs that are started (execve(2)). Zygotes and
/// workers handle them themselves: abort_notice.h. Throws SystemError.
void ignore();

}  // namespace coffees::platform::outside_signals
