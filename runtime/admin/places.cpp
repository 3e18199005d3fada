#include "admin/places.h"

namespace coffees::admin {

// Lives in its coroutine, which may be destroyed while it waits.
struct Places::Waiting {
  explicit Waiting(Places& of) : places(of), wake(of.home_) { places.waiting_.push_back(this); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    std::erase(places.waiting_, this);
    if (granted) places.give_back();
  }
  Places& places;
  Signal wake;
  bool granted = false;
};

Task<std::shared_ptr<void>> Places::take(TimePoint limit) {
  if (taken_ < most_ && waiting_.empty()) {
    ++taken_;
    co_return place();
  }
  Waiting waiting(*this);
  while (!waiting.granted && timers_.now() < limit) co_await wait_until(timers_, waiting.wake, limit);
  if (!waiting.granted) co_return nullptr;
  waiting.granted = false;  // from now on it is the place's
  co_return place();
}

std::shared_ptr<void> Places::place() {
  return {static_cast<void*>(this), [](void* places) { static_cast<Places*>(places)->give_back(); }};
}

void Places::give_back() {
  --taken_;
  if (waiting_.empty()) return;
  Waiting* next = waiting_.front();
  waiting_.pop_front();
  ++taken_;
  next->granted = true;
  next->wake.notify();
}

}  // namespace coffees::admin
