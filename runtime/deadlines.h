// Many deadlines, one kernel timer: arming and disarming is cheap, since nearly all deadlines are never met.
#pragma once

#include <functional>
#include <map>

#include "loop.h"

namespace coffees {

class Deadline;

/// All deadlines of the loop. Outlives every Deadline made from it.
class Deadlines {
 public:
  explicit Deadlines(const Executor& executor) : timer_(executor) {}

 private:
  friend class Deadline;
  using Queue = std::multimap<TimePoint, Deadline*>;

  void added(TimePoint when);
  void arm_timer(TimePoint when);
  void on_timer();

  Queue queue_;
  Timer timer_;
  TimePoint armed_for_ = TimePoint::max();
};

/// One deadline, used again and again. `on_expiry` runs on the loop at most once per arm(), not before the
/// given time.
class Deadline {
 public:
  Deadline(Deadlines& owner, std::function<void()> on_expiry);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { disarm(); }

  /// Replaces what was armed before.
  void arm(TimePoint when);
  void disarm();
  [[nodiscard]] bool armed() const { return armed_; }

 private:
  friend class Deadlines;
  Deadlines& owner_;
  std::function<void()> on_expiry_;
  Deadlines::Queue::node_type spare_;  // kept between uses: arming does not allocate
  Deadlines::Queue::iterator position_;
  bool armed_ = false;
};

}  // namespace coffees
