// The life of a worker, as the dispatcher sees it.
#pragma once

namespace coffees {

/// A worker is in exactly one of these at any time. Legal steps: starting -> idle or busy or (failed) gone;
/// idle -> busy or stopping; busy -> idle or stopping; stopping -> gone.
enum class WorkerState {
  starting,  ///< cold start under way: forked, isolated, perhaps loading; not usable yet
  idle,      ///< ready, waits for work; freed workers wait here until keep_warm is over
  busy,      ///< serves exactly one invocation
  stopping,  ///< killed or about to be; counts no longer, but its process may still be there
  gone,      ///< its process has ended and was reaped
};

/// "starting", "idle", ...
const char* name_of(WorkerState state);

}  // namespace coffees
