// A ready worker's loop: read one request, call the handler, send the answer.
#pragma once

#include <coffees/abi.h>

namespace coffees {

struct WorkerSpec;
class WorkerMailbox;

/// The worker's end of its channel to the dispatcher; documented to handler authors as theirs to leave alone.
constexpr int kWorkerChannel = 3;

/// Serves until it is killed. A request that makes no sense ends the process: the dispatcher would have
/// had to break. Never returns.
[[noreturn]] void serve_loop(const WorkerSpec& spec, const coffees_plugin_v1& plugin, WorkerMailbox& mail);

}  // namespace coffees
