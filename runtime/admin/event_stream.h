// GET /api/v1/events: the event log as Server-Sent Events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "admin/news.h"
#include "events/event_log.h"
#include "http/answer.h"
#include "timer_queue.h"

namespace coffees::admin {

/// What a stream is asked for.
struct StreamQuery {
  std::string types;     ///< comma-separated; empty: all
  std::string function;  ///< empty: all
  std::optional<std::uint64_t>
      after;  ///< the event that it goes on behind; without one, with what happens now
};

/// All streams of this server. Used on the admin port's loop.
class EventStreams {
 public:
  static constexpr std::size_t kMost = 128;

  /// `configuration` is the digest that `hello` names. `log` and `timers` outlive the streams.
  EventStreams(events::EventLog& log, const Executor& home, TimerQueue& timers, const Doorbell& bell,
               std::string version, std::string configuration)
      : log_(log),
        home_(home),
        timers_(timers),
        news_(log, bell),
        version_(std::move(version)),
        configuration_(std::move(configuration)) {}

  /// A new stream; null when there are kMost already. A client that reads too slowly, or asks for more than
  /// all streams together are given (20,000 events a second, or a fifth of it while more than that happens),
  /// meets a `dropped` event in place of what was overwritten meanwhile.
  std::unique_ptr<http::Pieces> open(const StreamQuery& query);

  /// The first name in a comma-separated list that is neither an event's type nor stands for several; empty
  /// when all are.
  static std::string unknown_type(std::string_view types);

  [[nodiscard]] std::size_t count() const { return count_; }

  /// There may be news.
  void bell_has_rung() { news_.bell_has_rung(); }

 private:
  friend class EventStream;
  events::EventLog& log_;
  Executor home_;
  TimerQueue& timers_;
  News news_;
  std::string version_;
  std::string configuration_;
  std::size_t count_ = 0;
};

}  // namespace coffees::admin
