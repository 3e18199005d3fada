// The bugs that the storm is graded by (planted_bug.h).
#pragma once

#include <array>
#include <string_view>

namespace coffees::storm {

constexpr std::array kPlants = std::to_array<std::string_view>({
    "lost-wakeup",       // a worker that becomes idle tells no request that waits
    "double-lease",      // a worker that is lent is still listed as idle
    "early-deadline",    // 1 ns too early
    "late-deadline",     // 6 ms too late
    "dropped-permit",    // the breaker's trial is not given back when it ends without a verdict
    "leaked-place",      // a client that left is taken out of the queue and never answered
    "lost-place",        // a revoked request goes to the end of the queue
    "endless-wait",      // queue_timeout does not end a wait
    "unheard-close",     // closing ends no waits
    "lost-revocation",   // a revoked request is not told
    "late-post",         // a request is handed over behind one that was to be the last
    "second-run",        // a request whose worker crashed is run again, though its handler had begun
    "wrong-answer",      // an answer to another request is taken
    "told-twice",        // the end of an invocation is told twice
    "untold-idle",       // a worker becomes idle, and nothing tells
    "no-kill",           // a worker that stops is not killed
    "early-forget",      // a worker is forgotten before its process has ended
    "drain-forgotten",   // a draining worker takes new requests
    "limit-off-by-one",  // one worker more than the limit
    "immortal-idle",     // keep_warm never ends
    "deaf-doorbell",     // answers are not looked for when a worker has silenced the doorbell
});

}  // namespace coffees::storm
