#include "admin/news.h"

namespace coffees::admin {

News::News(events::EventLog& log, const Doorbell& bell) : log_(log) {
  log_.on_news([&bell] { bell.ring(); });
}

bool News::listen(Listener& listener, std::uint64_t seen) {
  listener.wants_news = true;
  listener.seen = seen;
  // Asked for first, looked at afterwards: what happens in between is told.
  log_.want_news();
  return log_.newest() == seen && !log_.closed();
}

// The bell rings for other reasons, too.
void News::bell_has_rung() {
  for (Listener* listener : listeners_) {
    const bool is_new = listener->wants_news && log_.newest() != listener->seen;
    if (!is_new && !log_.closed()) continue;
    listener->wants_news = false;
    listener->wake.notify();
  }
}

}  // namespace coffees::admin
