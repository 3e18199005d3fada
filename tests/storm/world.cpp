#include "storm/world.h"

#include <algorithm>

namespace coffees::storm {

void World::settle() {
  bool anything = true;
  while (anything) {
    loop.restart();
    loop.poll();
    anything = false;
    for (const auto& action : quiet_) anything = action() || anything;
  }
}

bool World::step(TimePoint end) {
  const TimePoint next = std::min(timers.next(), agenda_.empty() ? TimePoint::max() : agenda_.begin()->first);
  if (next > end) {
    clock.pass(std::max(end - now(), Duration(0)));
    return false;
  }
  ++steps_;
  clock.pass(std::max(next - now(), Duration(0)));
  timers.run_due();
  while (!agenda_.empty() && agenda_.begin()->first <= now()) {
    const auto due = agenda_.extract(agenda_.begin());
    due.mapped()();
  }
  settle();
  return true;
}

}  // namespace coffees::storm
