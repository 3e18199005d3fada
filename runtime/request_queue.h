// Where the requests of one function wait, whatever they wait for.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <optional>

#include "invocation.h"
#include "loop.h"
#include "timer_queue.h"

namespace coffees {

/// Requests that wait, in order of arrival. Loop thread only. Outlives its entries.
class RequestQueue {
 public:
  /// What a request waits for.
  enum class Reason {
    limiter,  ///< the ConcurrencyLimiter: a moment
    worker,   ///< a free worker
  };
  static constexpr std::size_t kReasons = 2;

  /// Why the wait of a request ended.
  enum class Verdict {
    go_on,    ///< it may go on
    worker,   ///< it is given a worker that was idle
    start,    ///< it is given a worker that it has to start
    expired,  ///< its time to wait is over
    left,     ///< its client has gone
    closed,   ///< the pool is closing
  };

  /// A request that waits. Lives in its coroutine, and leaves the queue with it.
  class Entry : public boost::intrusive::list_base_hook<> {
   public:
    /// `place`: its number in the order of arrival. `caller` may be null: then it is not asked whether it has
    /// left.
    Entry(RequestQueue& queue, std::uint64_t place, Caller* caller)
        : queue_(queue), gate_(queue.executor_), place_(place), caller_(caller) {}
    ~Entry() { queue_.remove(*this); }

    /// Waits until the queue's owner has decided, at most until `until` if that is given.
    Task<Verdict> wait(Reason reason, TimerQueue* timers = nullptr, TimePoint until = TimePoint::max());
    /// The number of the worker that the verdicts `worker` and `start` are about.
    [[nodiscard]] std::uint32_t worker() const { return worker_; }

   private:
    friend class RequestQueue;
    RequestQueue& queue_;
    Gate gate_;
    std::uint64_t place_;
    Caller* caller_;
    Reason reason_ = Reason::limiter;
    Verdict verdict_ = Verdict::go_on;
    std::uint32_t worker_ = 0;
    TimePoint until_ = TimePoint::max();
    std::optional<Deadline> deadline_;
  };

  explicit RequestQueue(const Executor& executor) : executor_(executor) {}
  RequestQueue(const RequestQueue&) = delete;
  RequestQueue& operator=(const RequestQueue&) = delete;

  [[nodiscard]] std::size_t size(Reason reason) const { return line(reason).size(); }
  [[nodiscard]] std::size_t size() const { return size(Reason::limiter) + size(Reason::worker); }

  /// Ends the wait of the first one. Its coroutine goes on in the next turn of the loop.
  void decide_front(Reason reason, Verdict verdict, std::uint32_t worker = 0);
  /// Ends the wait of the first one and resumes it at once. Returns when it waits again for something.
  void resume_front(Reason reason);
  /// Ends the wait of those at the front whose client has gone.
  void drop_left_at_front();
  /// The same for all that wait for a worker.
  void drop_left();
  /// Ends all waits.
  void close();

  /// Throws std::logic_error when a request is out of order, or has waited beyond its time.
  void verify(TimePoint now) const;

 private:
  using Line = boost::intrusive::list<Entry>;
  Line& line(Reason reason) { return lines_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] const Line& line(Reason reason) const { return lines_[static_cast<std::size_t>(reason)]; }
  void insert(Entry& entry);
  void remove(Entry& entry);
  void decide(Entry& entry, Verdict verdict, std::uint32_t worker = 0);

  Executor executor_;
  Line lines_[kReasons];  ///< each in order of arrival
};

}  // namespace coffees
