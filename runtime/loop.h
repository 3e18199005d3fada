// An event loop and the types that run on it: Boost.Asio with C++20 coroutines, a single thread, no locks.
// The dispatcher has one, and the admin port another.
#pragma once

#include <utility>  // before Asio 1.74, which forgets it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <new>
#include <optional>
#include <vector>

#include "clock.h"

namespace coffees {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

using Executor = asio::io_context::executor_type;
/// A coroutine on the loop. Runs when awaited or spawned; never on another thread. GCC 12 destroys some
/// temporaries of a co_await expression twice (GCC bugs 99576, 104031): no braced values, no ?: around a
/// co_await; name the value first.
template <typename Value = void>
using Task = asio::awaitable<Value, Executor>;
using UseTask = asio::use_awaitable_t<Executor>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

class Loop;

/// Where one coroutine waits to be resumed: at once, on the loop's thread, by the caller of open(). Far
/// cheaper than a Signal, and for one coroutine only. A gate remembers nothing: open() does nothing if no
/// coroutine waits.
class Gate
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  explicit Gate(const Executor& executor) : executor_(executor) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { drop(); }

  /// Waits for open().
  Task<> wait() {
    co_await asio::async_initiate<UseTask, void()>([this](Resume resume) { hold(std::move(resume)); },
                                                   use_task_);
  }
  /// Resumes the coroutine that waits, and returns when that one waits again for something or has ended. This
  /// gate may be gone then.
  void open() {
    if (!resume_) return;
    Resume resume = take();
    std::move(resume)();
  }
  /// Destroys the coroutine that waits.
  void drop() {
    if (resume_) const Resume dropped = take();
  }

 private:
  using Resume = asio::async_result<UseTask, void()>::handler_type;
  void hold(Resume resume);
  Resume take() {
    Resume resume = std::move(*resume_);
    resume_.reset();
    unlink();
    return resume;
  }

  Executor executor_;
  std::optional<Resume> resume_;
  UseTask use_task_;
};

/// Turns for coroutines that move many bytes: one of them in each turn of the loop, in the order of their
/// asking. So all others wait for one slice of theirs at most, however many they are.
class BulkTurns {
 public:
  explicit BulkTurns(const Executor& executor) : executor_(executor) {}
  BulkTurns(const BulkTurns&) = delete;
  BulkTurns& operator=(const BulkTurns&) = delete;

  /// Waits for the caller's turn: it may move one slice (kSlice bytes) then.
  Task<> next();

  static constexpr std::size_t kSlice = 128 * 1024;

 private:
  struct Waiting
      : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    explicit Waiting(const Executor& executor) : gate(executor) {}
    Gate gate;
  };
  void serve_next();
  void serve_soon();

  Executor executor_;
  boost::intrusive::list<Waiting, boost::intrusive::constant_time_size<false>> waiting_;
  bool serving_ = false;  // a call of serve_next() is on its way
};

/// The loop. Everything that runs on it is built after it and destroyed before it.
class Loop : public asio::io_context {
 public:
  Loop() : asio::io_context(1), bulk_(get_executor()) {}
  ~Loop() { abandon(); }
  /// Destroys every coroutine that still waits, while the objects that they refer to are alive. Last call
  /// before these go.
  void abandon() {
    while (!waiting_gates_.empty()) waiting_gates_.front().drop();
    shutdown();
  }
  [[nodiscard]] BulkTurns& bulk() { return bulk_; }

 private:
  friend class Gate;
  boost::intrusive::list<Gate, boost::intrusive::constant_time_size<false>> waiting_gates_;
  BulkTurns bulk_;
};

inline void Gate::hold(Resume resume) {
  resume_.emplace(std::move(resume));
  static_cast<Loop&>(executor_.context()).waiting_gates_.push_back(*this);
}

/// Starts a coroutine that no other one awaits. An exception that leaves it is a bug and leaves Loop::run().
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

/// Waits for a turn among the coroutines that move many bytes on this loop (BulkTurns).
inline Task<> bulk_turn() {
  const Executor executor = co_await asio::this_coro::executor;
  co_await static_cast<Loop&>(executor.context()).bulk().next();
}

inline Task<> BulkTurns::next() {
  Waiting waiting(executor_);
  waiting_.push_back(waiting);
  serve_soon();
  co_await waiting.gate.wait();
}

inline void BulkTurns::serve_next() {
  serving_ = false;
  if (waiting_.empty()) return;
  Waiting& first = waiting_.front();
  waiting_.pop_front();
  try {
    if (!waiting_.empty()) serve_soon();
  } catch (const std::bad_alloc&) {
    // The one whose turn it is asks again, or another one does.
  }
  first.gate.open();
}

// Only what was posted is on its way: there may be no memory for it.
inline void BulkTurns::serve_soon() {
  if (serving_) return;
  asio::post(executor_, [this] { serve_next(); });
  serving_ = true;
}

/// Something that coroutines wait for and others announce. Not a flag: a coroutine checks its own condition
/// in a loop.
class Signal {
 public:
  explicit Signal(const Executor& executor) : executor_(executor) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  /// Waits for the next notify().
  Task<> wait();
  /// Wakes all coroutines that wait now, in the next turn of the loop.
  void notify();

 private:
  Executor executor_;
  // Shared with the notifications under way: the coroutine may be gone before its turn comes.
  std::vector<std::shared_ptr<Gate>> waiting_;
};

inline Task<> Signal::wait() {
  const auto gate = std::make_shared<Gate>(executor_);
  waiting_.push_back(gate);
  co_await gate->wait();
}

inline void Signal::notify() {
  for (std::shared_ptr<Gate>& gate : std::exchange(waiting_, {}))
    asio::post(executor_, [opens = std::move(gate)] { opens->open(); });
}

}  // namespace coffees
