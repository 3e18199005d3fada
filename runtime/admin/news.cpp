#include "admin/news.h"

namespace coffees::admin {

News::News(events::EventLog& log, const Executor& home) : log_(log) {
  log_.on_news([this, home] { asio::post(home, [this] { tell(); }); });
}

bool News::listen(Listener& listener, std::uint64_t seen) {
  listener.wants_news = true;
  // Asked for first, looked at afterwards: what happens in between is told.
  log_.want_news();
  return log_.newest() == seen && !log_.closed();
}

void News::tell() {
  for (Listener* listener : listeners_)
    if (std::exchange(listener->wants_news, false) || log_.closed()) listener->wake.notify();
}

}  // namespace coffees::admin
