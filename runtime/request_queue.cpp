#include "request_queue.h"

#include <boost/asio/post.hpp>
#include <stdexcept>

#include "planted_bug.h"

namespace coffees {

Task<RequestQueue::Verdict> RequestQueue::Entry::wait(Reason reason, TimerQueue* timers, TimePoint until) {
  reason_ = reason;
  until_ = until;
  queue_.insert(*this);
  if (until != TimePoint::max() && !planted("endless-wait")) {
    deadline_.emplace(*timers, [this] { queue_.decide(*this, Verdict::expired); });
    deadline_->arm(until);
  }
  co_await gate_.wait();
  co_return verdict_;
}

// Nearly always at the end: only a request that was revoked comes back to an earlier place.
void RequestQueue::insert(Entry& entry) {
  Line& entries = line(entry.reason_);
  auto behind = entries.end();
  while (!planted("lost-place") && behind != entries.begin() && std::prev(behind)->place_ > entry.place_)
    --behind;
  entries.insert(behind, entry);
}

void RequestQueue::remove(Entry& entry) {
  if (entry.is_linked()) line(entry.reason_).erase(Line::s_iterator_to(entry));
}

// Out of the queue first: so each wait is decided once, and the coroutine is there when its turn comes.
void RequestQueue::decide(Entry& entry, Verdict verdict, std::uint32_t worker) {
  remove(entry);
  if (entry.deadline_) entry.deadline_->disarm();
  entry.verdict_ = verdict;
  entry.worker_ = worker;
  asio::post(executor_, [&entry] { entry.gate_.open(); });
}

void RequestQueue::decide_front(Reason reason, Verdict verdict, std::uint32_t worker) {
  decide(line(reason).front(), verdict, worker);
}

void RequestQueue::resume_front(Reason reason) {
  Entry& entry = line(reason).front();
  remove(entry);
  entry.verdict_ = Verdict::go_on;
  entry.gate_.open();
}

void RequestQueue::drop_left_at_front() {
  const Line& entries = line(Reason::worker);
  while (!entries.empty() && entries.front().caller_ != nullptr && entries.front().caller_->has_left())
    decide_front(Reason::worker, Verdict::left);
}

void RequestQueue::drop_left() {
  Line& entries = line(Reason::worker);
  for (auto next = entries.begin(); next != entries.end();) {
    Entry& entry = *next++;
    if (entry.caller_ == nullptr || !entry.caller_->has_left()) continue;
    if (planted("leaked-place"))
      remove(entry);
    else
      decide(entry, Verdict::left);
  }
}

void RequestQueue::close() {
  for (Line& entries : lines_)
    while (!entries.empty() && !planted("unheard-close")) decide(entries.front(), Verdict::closed);
}

void RequestQueue::verify(TimePoint now) const {
  for (const Line& entries : lines_) {
    std::uint64_t before = 0;
    for (const Entry& entry : entries) {
      if (entry.place_ < before) throw std::logic_error("request queue: a request is out of order");
      if (entry.until_ < now) throw std::logic_error("request queue: a request waits beyond its time");
      before = entry.place_;
    }
  }
}

}  // namespace coffees
