// How the dispatcher's thread wakes the admin port's loop.
#pragma once

#include <functional>

#include "loop.h"
#include "platform/event_counter.h"

namespace coffees::admin {

/// Calls `on_ring` on the loop `home` soon after ring(), once for several. Posting would take that loop's
/// lock: a thread of low priority that is put aside while it holds it would hold up the dispatcher.
class Doorbell {
 public:
  /// Throws platform::SystemError.
  Doorbell(const Executor& home, std::function<void()> on_ring);
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;
  ~Doorbell();

  /// Any thread.
  void ring() const noexcept { counter_.add(); }

 private:
  void watch();

  platform::EventCounter counter_;
  Descriptor descriptor_;  ///< borrows the counter's
  std::function<void()> on_ring_;
};

}  // namespace coffees::admin
