// The one event loop and the types that run on it: Boost.Asio with C++20 coroutines, a single thread, no
// locks.
#pragma once

#include <utility>  // before Asio 1.74, which forgets it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace coffees {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = std::chrono::nanoseconds;

using Executor = asio::io_context::executor_type;
/// A coroutine on the loop. Runs when awaited or spawned; never on another thread. GCC 12 destroys some
/// temporaries of a co_await expression twice (GCC bugs 99576, 104031): no braced values, no ?: around a
/// co_await; name the value first.
template <typename Value = void>
using Task = asio::awaitable<Value, Executor>;
using UseTask = asio::use_awaitable_t<Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

/// The loop. Everything that runs on it is built after it and destroyed before it.
class Loop : public asio::io_context {
 public:
  Loop() : asio::io_context(1) {}
  /// Destroys every coroutine that still waits, while the objects that they refer to are alive. Last call
  /// before these go.
  void abandon() { shutdown(); }
};

/// Starts a coroutine that nobody waits for. An exception that leaves it is a bug and leaves Loop::run().
template <typename Body>
void spawn_detached(const Executor& executor, Body&& body) {
  asio::co_spawn(executor, std::forward<Body>(body), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

/// Lets the loop serve everybody else once before the caller goes on.
inline Task<> yield_to_others() {
  const Executor executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, UseTask());
}

/// Something that coroutines wait for and others announce. Not a flag: who waits checks its own condition in
/// a loop.
class Signal {
 public:
  explicit Signal(const Executor& executor) : timer_(executor, TimePoint::max()) {}
  /// Waits for the next notify().
  Task<> wait() {
    ErrorCode ignored;
    co_await timer_.async_wait(asio::redirect_error(UseTask(), ignored));
  }
  /// Wakes all who wait now.
  void notify() { timer_.cancel(); }

 private:
  Timer timer_;
};

}  // namespace coffees
