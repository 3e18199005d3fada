// Colour only on a terminal, and only where the user has not turned it off (https://no-color.org).
#pragma once

namespace coffees::cli {

/// Whether output to `descriptor` may be coloured: a terminal, and neither --no-color, NO_COLOR nor
/// TERM=dumb.
bool wants_colour(int descriptor, bool forbidden);

}  // namespace coffees::cli
