#include "worker/mail_room.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "worker/worker.h"

namespace coffees {
namespace {

// A worker that is busy for longer than so many sleeps rings by itself: a thousand that wait for something
// shall not be looked at in every turn.
constexpr unsigned kSleepsUntilItRings = 4;

}  // namespace

MailRoom::MailRoom(const Executor& executor) : executor_(executor) {
  auto [memory, file] = platform::SharedMemory::create(MailboxMemory::kPage);
  memory_ = std::move(memory);
  file_ = std::move(file);
  bell_ = static_cast<BellMemory*>(memory_.data());
}

void MailRoom::expect(ProcessWorker& worker) {
  worker.mail_.place = expected_.size();
  worker.mail_.sleeps = 0;
  expected_.push_back(&worker);
  look_soon();
}

void MailRoom::forget(ProcessWorker& worker) {
  const std::size_t place = worker.mail_.place;
  if (place >= expected_.size() || expected_[place] != &worker) return;
  expected_[place] = expected_.back();
  expected_[place]->mail_.place = place;
  expected_.pop_back();
  worker.mail_.place = ProcessWorker::kNowhere;
}

void MailRoom::gone(ProcessWorker& worker) {
  forget(worker);
  std::replace(arrived_.begin(), arrived_.end(), &worker, static_cast<ProcessWorker*>(nullptr));
}

void MailRoom::look_soon() {
  if (sleeping_) {
    sleeping_ = false;
    bell_->dispatcher_sleeps.store(0, std::memory_order_relaxed);
  }
  if (looking_) return;
  looking_ = true;
  asio::post(executor_, [this] { look(); });
}

// Takes what has arrived off the list; their coroutines may post to others while they are resumed.
bool MailRoom::collect() {
  arrived_.clear();
  for (std::size_t i = 0; i < expected_.size();) {
    ProcessWorker& worker = *expected_[i];
    if (!worker.mail_.box.answered(worker.mail_.number)) {
      ++i;
      continue;
    }
    forget(worker);
    arrived_.push_back(&worker);
  }
  return !arrived_.empty();
}

void MailRoom::look() {
  looking_ = false;
  if (collect()) {
    look_soon();
    // By index: a worker that goes while another one's coroutine runs has been taken out of this list.
    for (std::size_t i = 0; i < arrived_.size(); ++i)
      if (arrived_[i] != nullptr) arrived_[i]->wake();
    return;
  }
  if (!expected_.empty()) go_to_sleep();
}

void MailRoom::go_to_sleep() {
  sleeping_ = true;
  bell_->dispatcher_sleeps.store(1, std::memory_order_seq_cst);
  bool answered = false;
  for (std::size_t i = 0; i < expected_.size();) {
    ProcessWorker& worker = *expected_[i];
    if (++worker.mail_.sleeps == kSleepsUntilItRings) worker.mail_.box.ask_to_ring(worker.mail_.number);
    const bool rings = worker.mail_.sleeps >= kSleepsUntilItRings;
    if (worker.mail_.box.answered(worker.mail_.number)) {
      answered = true;
      ++i;
    } else if (rings) {
      forget(worker);
    } else {
      ++i;
    }
  }
  if (answered) look_soon();
}

}  // namespace coffees
