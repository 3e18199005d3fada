// Replays the event log: its events alone must give the same workers, requests and breakers as the pools
// have.
#pragma once

#include <map>
#include <set>
#include <string>

#include "dispatcher/dispatcher.h"
#include "events/event_reader.h"

namespace coffees::storm {

/// Reads the events of one log as they come. Violation (invariant.h) where one cannot follow the one before.
class Replay {
 public:
  explicit Replay(const events::EventLog& log) : reader_(log, 0) {}

  /// Takes in what is new.
  void read();
  /// Compares what the events say with what the pools say; only when the loop has nothing left to do.
  void compare(const Dispatcher& dispatcher) const;
  /// How many invocations have ended.
  [[nodiscard]] std::size_t finished() const { return finished_.size(); }

 private:
  struct Worker {
    WorkerState state = WorkerState::starting;
    bool ready = false;
    std::string request;  ///< the one that it was given last
  };
  using Workers = std::map<std::uint32_t, Worker>;

  void take(const events::Event& event);
  void take_worker(const events::Event& event);
  void take_invocation(const events::Event& event);
  void compare(const WorkerPool& pool) const;

  events::EventReader reader_;
  std::map<events::FunctionIndex, Workers> workers_;
  std::map<std::string, events::FunctionIndex> waiting_;  ///< requests in a queue, or whose worker starts
  std::map<std::string, std::uint32_t> running_;          ///< on which worker
  std::set<std::string> finished_;
  std::map<events::FunctionIndex, events::BreakerState> breakers_;
};

}  // namespace coffees::storm
