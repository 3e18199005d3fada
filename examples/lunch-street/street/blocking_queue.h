// A queue between threads: a thread that takes from an empty one sleeps until an item is there.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <queue>

#include "street/program.h"

namespace lunch {

template <typename Item>
class BlockingQueue {
 public:
  void push(Item item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push(std::move(item));
    }
    changed_.notify_one();
  }
  /// Nothing more will come: pop() returns nothing once the queue is empty.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }
  /// The next item; nothing when the queue is closed and empty.
  std::optional<Item> pop() { return pop_until(Clock::time_point::max()); }
  /// The same, or nothing when that time has come.
  std::optional<Item> pop_until(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    const auto something = [this] { return !items_.empty() || closed_; };
    if (deadline == Clock::time_point::max())
      changed_.wait(lock, something);
    else
      changed_.wait_until(lock, deadline, something);
    if (items_.empty()) return std::nullopt;
    Item item = std::move(items_.front());
    items_.pop();
    return item;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<Item> items_;
  bool closed_ = false;
};

}  // namespace lunch
