// Reading the event log from another thread: in order, and honest about what was missed.
#pragma once

#include "events/event_log.h"

namespace coffees::events {

/// A place in the log, for one thread at a time. Never holds up who writes.
class EventReader {
 public:
  /// Goes on after event number `after`; 0 begins with the oldest event that is held. A number that this log
  /// has not reached (of a former server) counts as 0.
  EventReader(const EventLog& log, std::uint64_t after)
      : reader_(log.ring()), last_(after > log.newest() ? 0 : after), from_start_(last_ == 0) {
    reader_.skip_through(last_);
  }

  /// Calls `each(event)` for the next events, and `dropped(first, count)` where events were overwritten
  /// before they could be read. Returns whether there was anything; false means: wait for news.
  template <typename Each, typename Dropped>
  bool read(Each&& each, Dropped&& dropped, std::size_t most_words = 8192) {
    if (!reader_.fetch(most_words)) return false;
    reader_.for_each([&](std::string_view bytes) {
      const Event event = parse(bytes);
      const std::uint64_t sequence = event.header.sequence;
      if (sequence <= last_) return;
      // Nothing is missing before the first event for one who asked for whatever there is.
      if (sequence != last_ + 1 && !from_start_) dropped(last_ + 1, sequence - last_ - 1);
      from_start_ = false;
      last_ = sequence;
      each(event);
    });
    return true;
  }

  /// Number of the newest event that was read.
  [[nodiscard]] std::uint64_t last() const { return last_; }

 private:
  RingReader reader_;
  std::uint64_t last_;
  bool from_start_;
};

}  // namespace coffees::events
