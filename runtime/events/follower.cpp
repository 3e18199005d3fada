#include "events/follower.h"

#include "events/event_reader.h"

namespace coffees::events {

Follower::Follower(const EventLog& log, std::unique_ptr<View> view)
    : log_(log), view_(std::move(view)), thread_([this] { run(); }) {}

void Follower::run() {
  EventReader reader(log_, 0);
  while (true) {
    // Asked before reading: what comes in between is then read in the next round, not lost.
    const bool last_round = log_.closed();
    while (reader.read([this](const Event& event) { view_->event(event); },
                       [this](std::uint64_t first, std::uint64_t count) { view_->dropped(first, count); })) {
    }
    view_->rest();
    if (last_round) return;
    log_.wait_for_news(reader.last(), std::chrono::seconds(1));
  }
}

}  // namespace coffees::events
