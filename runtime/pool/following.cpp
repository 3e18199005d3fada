// Requests that wait behind quick ones: in the mailbox of a worker, or here.
#include <algorithm>
#include <boost/asio/post.hpp>

#include "pool/pool.h"

namespace coffees {

// Hands it over behind the quick invocation that has the fewest others behind it. Returns whose that is, 0
// when there is no room.
WorkerNumber Pool::post_ahead(const Invocation& call) {
  if (!pacer_.tiny()) return 0;
  std::sort(quick_.begin(), quick_.end(), [this](WorkerNumber a, WorkerNumber b) {
    return records_[a].followers.size() < records_[b].followers.size();
  });
  for (const WorkerNumber number : quick_) {
    const Record& record = records_[number];
    const std::uint64_t to_serve = record.served + record.followers.size() + 2;
    const bool goes_soon = record.unwanted || record.reason || record.process_ended ||
                           (settings_.max_requests != 0 && to_serve > settings_.max_requests);
    if (!goes_soon && record.worker->post_ahead(call, settings_.timeout)) return number;
  }
  return 0;
}

// Until all before it are over (true), or it was taken back.
Task<bool> Pool::follow(WorkerNumber number, TimePoint arrived) {
  Follower follower(loop_.get_executor(), arrived);
  records_[number].followers.push_back(&follower);
  watch_patience();
  // Abandoned while it waits (the loop is being torn down): the pool must not keep a pointer to it.
  struct Guard {
    Pool& pool;
    WorkerNumber number;
    Follower* follower;
    ~Guard() {
      std::erase(pool.behind_, Behind{follower->arrived, &follower->gate});
      const auto record = pool.records_.find(number);
      if (record != pool.records_.end()) std::erase(record->second.followers, follower);
    }
  } guard{*this, number, &follower};
  co_await follower.gate.wait();
  co_return !follower.taken_back;
}

// Those that their worker has not begun wait with the others again.
void Pool::take_back(Record& record) {
  if (record.followers.empty()) return;
  for (std::size_t left = record.worker->take_back(); left > 0 && !record.followers.empty(); --left) {
    Follower* follower = record.followers.back();
    record.followers.pop_back();
    follower->taken_back = true;
    wait_in_order({follower->arrived, &follower->gate});
  }
}

// Whoever has waited once goes before those that came later.
void Pool::wait_in_order(Behind request) {
  const auto later = [](const Behind& a, const Behind& b) { return a.arrived < b.arrived; };
  behind_.insert(std::upper_bound(behind_.begin(), behind_.end(), request, later), request);
}

// While somebody waits behind quick invocations, these are watched.
void Pool::watch_patience() {
  if (!patience_.armed()) patience_.arm(timers_.now() + settings_.patience);
}

void Pool::give_up_if_slow() {
  const TimePoint now = timers_.now();
  TimePoint oldest = TimePoint::max();
  bool anybody_waits = !behind_.empty();
  for (const WorkerNumber number : quick_) {
    oldest = std::min(oldest, records_[number].handed_over);
    anybody_waits = anybody_waits || !records_[number].followers.empty();
  }
  if (!anybody_waits) return;
  if (!quick_.empty() && oldest + settings_.patience > now) {
    patience_.arm(oldest + settings_.patience);
    return;
  }
  pacer_.give_up();
  for (const WorkerNumber number : std::exchange(quick_, {})) take_back(records_[number]);
  let_others_go();
}

// In order of arrival, until a quick one is over or patience is at its end.
Task<> Pool::wait_for_others(TimePoint arrived) {
  Gate gate(loop_.get_executor());
  watch_patience();
  wait_in_order({arrived, &gate});
  // Abandoned while it waits (the loop is being torn down): the pool must not keep a pointer to it.
  struct Guard {
    std::deque<Behind>& queue;
    Behind request;
    ~Guard() { std::erase(queue, request); }
  } guard{behind_, {arrived, &gate}};
  co_await gate.wait();
}

// At once, not in the next turn: a worker that has just answered takes its next request without falling
// asleep. Unless too many have answered at once already: each is resumed within the one before.
void Pool::let_others_go() {
  if (behind_.empty()) return;
  if (depth_ >= kDeepest) {
    asio::post(loop_, [this] { let_others_go(); });
    return;
  }
  ++depth_;
  bool room = true;
  while (!behind_.empty() && room) {
    Gate* gate = behind_.front().gate;
    const std::size_t before = behind_.size();
    behind_.pop_front();
    gate->open();
    room = behind_.size() < before;
  }
  --depth_;
}

void Pool::go_on_with_next(WorkerNumber number) {
  if (depth_ >= kDeepest) {
    asio::post(loop_, [this, number] { go_on_with_next(number); });
    return;
  }
  const auto found = records_.find(number);
  if (found == records_.end() || found->second.followers.empty()) return;
  Follower* next = found->second.followers.front();
  found->second.followers.pop_front();
  ++depth_;
  next->gate.open();
  --depth_;
  let_others_go();
}

}  // namespace coffees
