// What there is to know about each kind of outcome: one row, from which answers, metrics, the command line
// and the documentation come.
#pragma once

#include <array>

#include "base/exit_code.h"
#include "invocation.h"

namespace coffees {

struct OutcomeRow {
  Outcome::Kind kind;
  const char* code;     ///< the stable word for exactly this kind
  const char* outcome;  ///< the class that it falls into
  int status;           ///< of HTTP; 0: the handler's own
  ExitCode exit_code;   ///< of `coffees invoke`
  const char* title;    ///< what happened, in a few words
  const char* hint;     ///< what to do about it
};

/// In the order of the kinds.
const std::array<OutcomeRow, kOutcomeKinds>& outcome_rows();

}  // namespace coffees
