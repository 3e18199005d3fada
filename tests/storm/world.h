// Time in a bottle: a loop, a clock that stands still while anything is left to do, and what happens when.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "manual_clock.h"
#include "memory_budget.h"
#include "storm/random.h"
#include "timer_queue.h"

namespace coffees::storm {

/// Everything of one seed runs in one of these, on one thread.
class World {
 public:
  explicit World(std::uint64_t seed) : random(seed) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { loop.abandon(); }

  Random random;
  MemoryBudget budget{8 * 1024};  ///< of answers: one that is large is held at a time
  Loop loop;
  test::ManualClock clock;
  TimerQueue timers{clock};

  /// Requests whose handler has begun, by their bodies, and those that were answered, with the moment.
  std::set<std::string> begun;
  std::map<std::string, TimePoint> answered;

  [[nodiscard]] TimePoint now() const { return clock.now(); }
  /// Does `action` after that time.
  void after(Duration time, std::function<void()> action) {
    agenda_.emplace(now() + time, std::move(action));
  }
  /// Called whenever the loop has nothing left to do. Returns whether it has done something.
  void when_quiet(std::function<bool()> action) { quiet_.push_back(std::move(action)); }

  /// Lets everything happen that happens now.
  void settle();
  /// Moves time on to the next event up to `end`, and settles. Without such an event it moves time to `end`
  /// and returns false. Call settle() first if anything was begun from outside.
  bool step(TimePoint end);
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  std::multimap<TimePoint, std::function<void()>> agenda_;
  std::vector<std::function<bool()>> quiet_;
  std::uint64_t steps_ = 0;
};

}  // namespace coffees::storm
