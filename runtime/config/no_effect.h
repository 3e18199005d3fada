// Keys of a function that say nothing beside what others say. Private to config/.
#pragma once

#include <vector>

#include "config/config.h"

namespace coffees::config {

/// One way in which a key of a function can have no effect.
struct NoEffect {
  const char* key;                          ///< which says nothing
  const char* cause;                        ///< because of this one
  bool (*applies)(const Function&);         ///< in this function
  std::string (*because)(const Function&);  ///< "queue = 0"
  const char* hint;                         ///< what to do where both were set for this function
};

/// All of them. A new key that can be without effect gets a line in this table.
const std::vector<NoEffect>& ways_to_have_no_effect();

}  // namespace coffees::config
