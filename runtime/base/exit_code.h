// What a command ends with.
#pragma once

namespace coffees {

/// Documented in README.md.
enum ExitCode : int {
  kOk = 0,
  kBug = 1,
  kUsage = 2,
  kFunctionError = 3,
  kTimeout = 4,
  kRefused = 5,
  kCrashed = 6,
  kNoServer = 7,
  kBadPlugin = 8,
  kCutOff = 10,
  kPortTaken = 11,
  kNotIsolated = 12,
  kInterrupted = 130,
};

}  // namespace coffees
