// Tasks on one thread: C++20 coroutines on a Boost.Asio loop. A task gives up control only where it says
// co_await; between two of these nobody else runs, so nothing here needs a lock.
#pragma once

#include <utility>  // has to stand before Asio: 1.74 forgets to include it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <queue>
#include <vector>

#include "street/program.h"

namespace lunch {

namespace asio = boost::asio;
using Loop = asio::io_context;
template <typename Value = void>
using Task = asio::awaitable<Value>;

/// Starts a task; it runs when the loop does. What it throws leaves Loop::run().
inline void start(Loop& loop, Task<> task) {
  asio::co_spawn(loop, std::move(task), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

/// Waits until that time, and lets the other tasks run meanwhile.
inline Task<> pause_until(Clock::time_point when) {
  asio::steady_timer timer(co_await asio::this_coro::executor, when);
  co_await timer.async_wait(asio::use_awaitable);
}
inline Task<> pause(double story_seconds) { return pause_until(Clock::now() + takes(story_seconds)); }

/// Something that tasks wait for and others announce.
class Signal {
 public:
  /// Until the next notify(), or that time.
  Task<> wait_until(Clock::time_point deadline) {
    asio::steady_timer alarm(co_await asio::this_coro::executor, deadline);
    waiting_.push_back(&alarm);
    boost::system::error_code cancelled;
    co_await alarm.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    std::erase(waiting_, &alarm);
  }
  Task<> wait() { return wait_until(Clock::time_point::max()); }
  /// Wakes all who wait now. They look again at what they waited for: another may have been faster.
  void notify() {
    for (asio::steady_timer* alarm : waiting_) alarm->cancel();
  }

 private:
  std::vector<asio::steady_timer*> waiting_;
};

/// A queue between tasks: a task that takes from an empty one lets the others run until an item is there.
template <typename Item>
class AsyncQueue {
 public:
  void push(Item item) {
    items_.push(std::move(item));
    changed_.notify();
  }
  /// Nothing more will come: pop() returns nothing once the queue is empty.
  void close() {
    closed_ = true;
    changed_.notify();
  }
  /// The next item; nothing when the queue is closed and empty.
  Task<std::optional<Item>> pop() { return pop_until(Clock::time_point::max()); }
  /// The same, or nothing when that time has come.
  Task<std::optional<Item>> pop_until(Clock::time_point deadline) {
    while (items_.empty() && !closed_ && Clock::now() < deadline) co_await changed_.wait_until(deadline);
    std::optional<Item> item;
    if (!items_.empty()) {
      item = std::move(items_.front());
      items_.pop();
    }
    co_return item;
  }

 private:
  Signal changed_;
  std::queue<Item> items_;
  bool closed_ = false;
};

/// So many may be inside at once; the others wait.
class AsyncSemaphore {
 public:
  explicit AsyncSemaphore(int places) : places_(places) {}
  Task<> acquire() {
    while (places_ == 0) co_await changed_.wait();
    --places_;
  }
  void release() {
    ++places_;
    changed_.notify();
  }

 private:
  Signal changed_;
  int places_;
};

}  // namespace lunch
