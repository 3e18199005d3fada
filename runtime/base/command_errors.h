// The codes of errors that commands print, and what there is to know about each.
#pragma once

#include <span>
#include <string_view>

namespace coffees {

/// One error code. Messages say what happened in the case at hand; this says what stands behind it.
struct CommandError {
  const char* code;  ///< "E302"
  const char* what;  ///< what happened
  const char* why;   ///< what may be the reason
  const char* hint;  ///< what to do
};

/// All of them, in the order of their numbers.
std::span<const CommandError> command_errors();

/// The one with this code, or null.
const CommandError* find_command_error(std::string_view code);

}  // namespace coffees
