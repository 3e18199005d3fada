// coffees check --state: does a handler keep something that was drawn once for all of its workers?
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loop.h"
#include "zygote/zygote_source.h"

namespace coffees::cli {

/// What came of it for one function.
struct StateVerdict {
  bool checked = false;
  std::string why_not;              ///< not checked: the reason, in a sentence
  std::vector<std::string> shared;  ///< what looks drawn at load: "field /token of the answer", ...
};

/// Runs the same event, a POST with `body`, once on each of several workers of two zygotes. What is equal in
/// all workers of one zygote and different in the other's was drawn when the library was loaded or
/// initialised. The two take turns, so that a clock that ticks meanwhile does not look like that. JSON
/// answers are compared field by field, others whole; header fields by name. What chance can bring about is
/// asked for a second time. `first` and `second` are two sources of the same function and outlive this; loop
/// thread only.
Task<StateVerdict> check_state(zygote::ZygoteSource& first, zygote::ZygoteSource& second,
                               std::string_view function, std::string_view body, Duration timeout);

}  // namespace coffees::cli
