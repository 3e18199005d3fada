#include "admin/observer_threads.h"

#include "platform/scheduling.h"

namespace coffees::admin {
namespace {
constexpr std::size_t kMostWaiting = 16;
}

void ObserverThreads::enqueue(std::function<void()> serve_connection) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || waiting_.size() < kMostWaiting; });
  waiting_.push_back(std::move(serve_connection));
  if (idle_ < waiting_.size() && threads_.size() < most_) {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // No further thread now: it is served when one of the others is free, or here.
      if (threads_.empty()) {
        const std::function<void()> alone = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        serve(alone);
        return;
      }
    }
  }
  lock.unlock();
  changed_.notify_all();
}

void ObserverThreads::serve(const std::function<void()>& serve_connection) {
  try {
    serve_connection();
  } catch (const std::exception&) {
    // Its client sees that the connection ends; the next one is served.
  }
}

void ObserverThreads::work() {
  platform::scheduling::give_way();
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    const std::function<void()> serve_connection = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    changed_.notify_all();
    serve(serve_connection);
    lock.lock();
  }
}

void ObserverThreads::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace coffees::admin
