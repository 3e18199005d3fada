// A thread that follows the event log for one view of it: the console, a recording.
#pragma once

#include <memory>
#include <thread>

#include "events/event_log.h"

namespace coffees::events {

/// What is made of the events. Called on the follower's thread only.
class View {
 public:
  View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  virtual ~View() = default;
  virtual void event(const Event& event) = 0;
  /// So many events were overwritten before this view could read them.
  virtual void dropped(std::uint64_t first, std::uint64_t count) = 0;
  /// No more events for now: write out what was collected. At least once a second.
  virtual void rest() = 0;
};

/// Runs until the log is closed; reads what is left then.
class Follower {
 public:
  Follower(const EventLog& log, std::unique_ptr<View> view);
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  /// Waits for the end. EventLog::close() comes first.
  ~Follower() { thread_.join(); }

 private:
  void run();

  const EventLog& log_;
  std::unique_ptr<View> view_;
  std::thread thread_;
};

}  // namespace coffees::events
