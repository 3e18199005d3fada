// GET /api/v1/events: the event log as Server-Sent Events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
#pragma once

#include <httplib.h>

#include <atomic>
#include <string>

#include "events/event_log.h"

namespace coffees::admin {

/// All streams of this server. Any thread.
class EventStreams {
 public:
  static constexpr std::size_t kMost = 128;

  /// `configuration` is the digest that `hello` names.
  EventStreams(const events::EventLog& log, std::string version, std::string configuration)
      : log_(log), version_(std::move(version)), configuration_(std::move(configuration)) {}

  /// Answers with a stream, or returns false when there are kMost already. The stream begins behind the event
  /// that `Last-Event-ID` (or `since`) names, without either with what happens from now on. `types` and
  /// `function` filter. Whoever reads too slowly, or asks for more than all streams together are given
  /// (20,000 events a second, or a fifth of it while more than that happens), meets a `dropped` event in
  /// place of what was overwritten meanwhile.
  bool open(const httplib::Request& request, httplib::Response& response);

  /// The first name in a comma-separated list that is neither an event's type nor stands for several; empty
  /// when all are.
  static std::string unknown_type(const std::string& types);

  /// Whether `Last-Event-ID` and `since` are numbers, where they are given.
  static bool knows_place(const httplib::Request& request);

  [[nodiscard]] std::size_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  friend class EventStream;
  const events::EventLog& log_;
  std::string version_;
  std::string configuration_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace coffees::admin
