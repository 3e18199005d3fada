// Tells the event streams, on the admin port's loop, that the event log has something new.
#pragma once

#include <vector>

#include "admin/doorbell.h"
#include "events/event_log.h"
#include "loop.h"

namespace coffees::admin {

/// All that wait for news. Used on the admin port's loop; made before and destroyed after that runs, while
/// the dispatcher's loop does not run either.
class News {
 public:
  /// What one stream waits for.
  struct Listener {
    explicit Listener(const Executor& home) : wake(home) {}
    Signal wake;
    bool wants_news = false;
    std::uint64_t seen = 0;
  };

  /// `bell` wakes the admin port's loop, and bell_has_rung() is called then.
  News(events::EventLog& log, const Doorbell& bell);
  News(const News&) = delete;
  News& operator=(const News&) = delete;
  ~News() { log_.on_news({}); }

  void add(Listener& listener) { listeners_.push_back(&listener); }
  void remove(Listener& listener) { std::erase(listeners_, &listener); }

  /// From now on `listener` is woken when an event is newer than number `seen`. Returns false when one is
  /// already.
  bool listen(Listener& listener, std::uint64_t seen);

  /// There may be news.
  void bell_has_rung();

 private:
  events::EventLog& log_;
  std::vector<Listener*> listeners_;
};

}  // namespace coffees::admin
