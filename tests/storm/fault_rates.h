// What goes wrong, and how often.
#pragma once

#include "storm/random.h"

namespace coffees::storm {

/// How the handlers of a function behave for a while, in percent of its requests; the rest is answered.
struct FaultRates {
  unsigned crash = 0;        ///< dies before, while or after it reads, or after it has answered
  unsigned nonsense = 0;     ///< an answer that is torn, late, doubled or another request's
  unsigned hang = 0;         ///< never answers
  unsigned error = 0;        ///< a handler error
  unsigned slow = 0;         ///< takes milliseconds, and waits meanwhile
  unsigned chatty = 0;       ///< prints
  unsigned deaf = 0;         ///< silences the doorbell of all workers of the function
  unsigned unreported = 0;   ///< ends that are not reported, and false reports of ends
  unsigned start_fails = 0;  ///< of its starts: an error, a worker that is dead already, a zygote that hangs
};

/// Fair, or a function that always crashes, or a little of everything.
FaultRates draw_fault_rates(Random& random);

}  // namespace coffees::storm
