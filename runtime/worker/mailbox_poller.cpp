#include "worker/mailbox_poller.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "planted_bug.h"

namespace coffees {
namespace {

// A worker that is busy for longer than this many sleeps is asked to ring for itself: avoids polling a
// thousand long-running workers on every turn.
constexpr unsigned kSleepsUntilItRings = 4;

// A worker can silence the doorbell of its function. The others are heard this much later at most.
constexpr auto kLookAgainAfter = std::chrono::milliseconds(5);

}  // namespace

MailboxPoller::MailboxPoller(const Executor& executor, TimerQueue& timers)
    : executor_(executor), timers_(timers), look_again_(timers, [this] {
        if (sleeping_) poll_soon();
      }) {
  auto [memory, file] = platform::SharedMemory::create(MailboxMemory::kPage);
  memory_ = std::move(memory);
  file_ = std::move(file);
  doorbell_ = static_cast<DoorbellMemory*>(memory_.data());
}

void MailboxPoller::expect(PolledMailbox& mailbox) {
  mailbox.place_ = expected_.size();
  mailbox.sleeps_ = 0;
  expected_.push_back(&mailbox);
  poll_soon();
}

void MailboxPoller::forget(PolledMailbox& mailbox) {
  const std::size_t place = mailbox.place_;
  if (place >= expected_.size() || expected_[place] != &mailbox) return;
  expected_[place] = expected_.back();
  expected_[place]->place_ = place;
  expected_.pop_back();
  mailbox.place_ = PolledMailbox::kNowhere;
}

void MailboxPoller::gone(PolledMailbox& mailbox) {
  forget(mailbox);
  std::replace(arrived_.begin(), arrived_.end(), &mailbox, static_cast<PolledMailbox*>(nullptr));
}

void MailboxPoller::poll_soon() {
  if (sleeping_) {
    sleeping_ = false;
    doorbell_->dispatcher_sleeps.store(0, std::memory_order_relaxed);
  }
  if (polling_) return;
  polling_ = true;
  asio::post(executor_, [this] { poll(); });
}

// Takes what has arrived off the list; their coroutines may post to others while they are resumed.
bool MailboxPoller::collect() {
  arrived_.clear();
  for (std::size_t i = 0; i < expected_.size();) {
    PolledMailbox& mailbox = *expected_[i];
    if (!mailbox.box.answered(mailbox.awaited)) {
      ++i;
      continue;
    }
    forget(mailbox);
    arrived_.push_back(&mailbox);
  }
  return !arrived_.empty();
}

void MailboxPoller::poll() {
  polling_ = false;
  if (collect()) {
    poll_soon();
    // By index: a mailbox that goes while another one's coroutine runs has been taken out of this list.
    for (std::size_t i = 0; i < arrived_.size(); ++i)
      if (arrived_[i] != nullptr) arrived_[i]->answer_arrived();
    return;
  }
  if (!expected_.empty()) go_to_sleep();
}

void MailboxPoller::go_to_sleep() {
  sleeping_ = true;
  doorbell_->dispatcher_sleeps.store(1, std::memory_order_seq_cst);
  bool answered = false;
  for (std::size_t i = 0; i < expected_.size();) {
    PolledMailbox& mailbox = *expected_[i];
    if (++mailbox.sleeps_ == kSleepsUntilItRings) mailbox.box.ask_to_ring(mailbox.awaited);
    const bool rings = mailbox.sleeps_ >= kSleepsUntilItRings;
    if (mailbox.box.answered(mailbox.awaited)) {
      answered = true;
      ++i;
    } else if (rings) {
      forget(mailbox);
    } else {
      ++i;
    }
  }
  if (answered)
    poll_soon();
  else if (!expected_.empty() && !look_again_.armed() && !planted("deaf-doorbell"))
    look_again_.arm(timers_.now() + kLookAgainAfter);
}

}  // namespace coffees
