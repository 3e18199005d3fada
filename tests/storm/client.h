// One client with one request.
#pragma once

#include <string>

#include "dispatcher/dispatcher.h"
#include "storm/world.h"

namespace coffees::storm {

/// May leave, which cancels its invocation or is seen while it waits.
struct Client : Caller {
  std::uint64_t number = 0;
  std::string id;
  std::string body;
  Cancellation cancellation;
  bool cancels = false;  ///< leaving cancels
  bool left = false;
  int outcomes = 0;
  Outcome::Kind kind = Outcome::Kind::ok;
  bool has_left() override { return left; }
};

/// Sends its request; `client` outlives the world's loop. Its answer is checked when it comes: it is its own,
/// and in time. A Violation (invariant.h) leaves the loop.
void go(World& world, Dispatcher& dispatcher, Client& client, const std::string& function, bool may_leave);

}  // namespace coffees::storm
