// For a word that is not known: the one that was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coffees {

/// The word in `known` that `word` was probably meant to be: the one with the fewest letters to change, if
/// these are few for its length. Empty when no word is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace coffees
