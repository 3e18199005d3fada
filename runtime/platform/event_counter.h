// A wake-up that one thread sends another without taking a lock. eventfd(2).
#pragma once

#include "platform/unique_fd.h"

namespace coffees::platform {

/// Readable from add() until clear(). Any thread may add.
class EventCounter {
 public:
  /// Throws SystemError.
  EventCounter();

  void add() const noexcept;
  void clear() const noexcept;
  /// To wait on until it is readable; stays this object's.
  [[nodiscard]] int descriptor() const { return counter_.get(); }

 private:
  UniqueFd counter_;
};

}  // namespace coffees::platform
