// Which `coffees` the end-to-end tests try: the one of their own build, or another one with the same tests.
#pragma once

#include <string>

namespace coffees::test {

/// The path of `coffees`, with coffees-worker beside it: $COFFEES_PROGRAM if set, else that of this build.
const std::string& program_under_test();

/// Whether it was built with a sanitizer: starts take several times as long, and memory is no measure.
bool is_sanitized();
bool has_address_sanitizer();

}  // namespace coffees::test
