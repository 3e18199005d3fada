#include "cli/terminal.h"

#include <cstdlib>
#include <string_view>

#include "platform/output.h"

namespace coffees::cli {

bool wants_colour(int descriptor, bool forbidden) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return !forbidden && (no_colour == nullptr || *no_colour == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb") && platform::is_terminal(descriptor);
}

}  // namespace coffees::cli
