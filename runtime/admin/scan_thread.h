// Where the admin port looks through the event log and makes long documents: beside its loop.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <thread>

#include "loop.h"

namespace coffees::admin {

/// One thread at low priority, which takes one task after another. Made and ended with the admin port's
/// loop.
class ScanThread {
 public:
  explicit ScanThread(const Executor& home);
  ScanThread(const ScanThread&) = delete;
  ScanThread& operator=(const ScanThread&) = delete;
  ~ScanThread() { stop(); }

  /// Runs `scan()` on the thread. Awaited on the admin port's loop. What it refers to must outlive it: the
  /// coroutine that waits may be gone first.
  template <typename Scan>
  auto run(Scan scan) -> Task<decltype(scan())> {
    using Result = decltype(scan());
    const auto errand = std::make_shared<Errand<Result>>(home_);
    asio::post(work_, [errand, home = home_, scan = std::move(scan)]() mutable {
      try {
        errand->result.emplace(scan());
      } catch (...) {
        errand->error = std::current_exception();
      }
      asio::post(home, [errand = std::move(errand)] {
        errand->done = true;
        errand->told.notify();
      });
    });
    while (!errand->done) co_await errand->told.wait();
    if (errand->error) std::rethrow_exception(errand->error);
    co_return std::move(*errand->result);
  }

  /// Ends the thread behind what it is doing; tasks that wait are dropped.
  void stop();

 private:
  template <typename Result>
  struct Errand {
    explicit Errand(const Executor& home) : told(home) {}
    std::optional<Result> result;
    std::exception_ptr error;
    bool done = false;  ///< the admin port's loop has been told
    Signal told;
  };

  Executor home_;
  asio::io_context work_;
  asio::executor_work_guard<Executor> guard_;
  std::thread thread_;
};

}  // namespace coffees::admin
