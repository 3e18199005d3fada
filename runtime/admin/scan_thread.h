// Where the admin port looks through the event log and makes long documents: beside its loop.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <optional>
#include <thread>

#include "admin/elsewhere.h"

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
    const auto errand = send_errand(work_, home_, std::move(scan));
    while (!errand->done) co_await errand->told.wait();
    co_return errand->take();
  }

  /// Ends the thread behind what it is doing; tasks that wait are dropped.
  void stop();

 private:
  Executor home_;
  asio::io_context work_;
  asio::executor_work_guard<Executor> guard_;
  std::thread thread_;
};

}  // namespace coffees::admin
