#include "platform/event_counter.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "platform/syscall.h"

namespace coffees::platform {

EventCounter::EventCounter() : counter_(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

void EventCounter::add() const noexcept {
  const std::uint64_t one = 1;
  // Fails only when it has been added to 2^64 - 2 times: then it is readable all the same.
  [[maybe_unused]] const ssize_t written = ::write(counter_.get(), &one, sizeof one);
}

void EventCounter::clear() const noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(counter_.get(), &count, sizeof count);
}

}  // namespace coffees::platform
