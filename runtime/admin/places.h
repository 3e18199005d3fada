// A limited number of places, given in order of arrival.
#pragma once

#include <deque>
#include <memory>

#include "timer_queue.h"

namespace coffees::admin {

/// Used on the admin port's loop.
class Places {
 public:
  Places(const Executor& home, TimerQueue& timers, std::size_t most)
      : home_(home), timers_(timers), most_(most) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  /// Waits for a place, at most until `limit`. Null at that time. The place is given back when the last copy
  /// of what is returned goes; this outlives it.
  Task<std::shared_ptr<void>> take(TimePoint limit);

 private:
  struct Waiting;
  std::shared_ptr<void> place();
  void give_back();

  Executor home_;
  TimerQueue& timers_;
  std::size_t most_;
  std::size_t taken_ = 0;
  std::deque<Waiting*> waiting_;
};

}  // namespace coffees::admin
