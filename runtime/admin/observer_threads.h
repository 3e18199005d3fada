// The threads that the admin port's connections run on.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace coffees::admin {

/// One thread per open connection, as the library wants it; threads are made when they are needed and kept,
/// `most` of them. When all are taken and some connections wait already, accepting stops: further clients
/// wait in the kernel, where they hold no descriptor of ours. The threads run at low priority: who watches
/// must not slow what is watched.
class ObserverThreads : public httplib::TaskQueue {
 public:
  explicit ObserverThreads(std::size_t most) : most_(most) {}
  ObserverThreads(const ObserverThreads&) = delete;
  ObserverThreads& operator=(const ObserverThreads&) = delete;
  ~ObserverThreads() override = default;

  void enqueue(std::function<void()> serve_connection) override;
  /// Waits until every connection is served: called by the library when its server was stopped.
  void shutdown() override;

 private:
  void work();
  /// What one connection throws (no memory, say) ends that connection.
  static void serve(const std::function<void()>& serve_connection);

  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace coffees::admin
