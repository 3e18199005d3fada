// Many deadlines, one kernel timer: arming and disarming is cheap, since nearly all deadlines are disarmed
// before they expire.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <functional>
#include <map>
#include <optional>

#include "clock.h"
#include "loop.h"

namespace coffees {

class Deadline;

/// All deadlines of the loop, and the clock that they expire by. Loop thread only. Outlives every Deadline
/// made from it.
class TimerQueue {
 public:
  /// Deadlines expire by themselves while the loop runs. `clock` is the machine's.
  TimerQueue(const Executor& executor, const Clock& clock) : clock_(clock), alarm_(std::in_place, executor) {}
  /// Deadlines expire in run_due() alone. `clock` may be one that its owner sets.
  explicit TimerQueue(const Clock& clock) : clock_(clock) {}
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] TimePoint now() const { return clock_.now(); }
  /// The earliest deadline; TimePoint::max() when nothing is armed.
  [[nodiscard]] TimePoint next() const { return queue_.empty() ? TimePoint::max() : queue_.begin()->first; }
  /// Lets what is due expire, in order of time, and of arming where that is the same.
  void run_due();

 private:
  friend class Deadline;
  using Queue = std::multimap<TimePoint, Deadline*>;
  using Alarm = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

  void added(TimePoint when);

  const Clock& clock_;
  Queue queue_;
  std::optional<Alarm> alarm_;  ///< the only timer that the kernel knows of
  TimePoint alarm_time_ = TimePoint::max();
};

/// One deadline, used again and again. `on_expiry` runs on the loop at most once per arm(), not before the
/// given time. It must not destroy this.
class Deadline {
 public:
  Deadline(TimerQueue& owner, std::function<void()> on_expiry);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { disarm(); }

  /// Replaces what was armed before.
  void arm(TimePoint when);
  void disarm();
  [[nodiscard]] bool armed() const { return armed_; }

 private:
  friend class TimerQueue;
  TimerQueue& owner_;
  std::function<void()> on_expiry_;
  TimerQueue::Queue::node_type spare_;  // kept between uses: arming does not allocate
  TimerQueue::Queue::iterator position_;
  bool armed_ = false;
};

/// Waits for a notify() of `signal`, at most until `when`. Returns whether it was in time. At `when` it
/// notifies `signal` itself: so only one coroutine may wait for that.
Task<bool> wait_until(TimerQueue& timers, Signal& signal, TimePoint when);

/// Waits until `when`.
Task<> sleep_until(TimerQueue& timers, TimePoint when);

}  // namespace coffees
