// Being on time: the dispatcher answers at a deadline also while handlers spin on every core.
#pragma once

#include <string>

namespace coffees::platform::scheduling {

/// Asks for short time slices for the calling thread (sched_setattr(2), custom slice since Linux 6.12), not inherited by
/// children. The scheduler then picks it earlier after a wake-up. Returns an empty string, or why it is not possible.
std::string prefer_quick_wakeups();

}  // namespace coffees::platform::scheduling
