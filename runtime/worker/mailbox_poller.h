// Looks for answers in the mailboxes of one function's workers, and says when the dispatcher sleeps.
#pragma once

#include <vector>

#include "loop.h"
#include "platform/shared_memory.h"
#include "timer_queue.h"
#include "worker/mailbox.h"

namespace coffees {

/// A mailbox, and what the poller keeps about it.
class PolledMailbox {
 public:
  PolledMailbox() = default;
  PolledMailbox(const PolledMailbox&) = delete;
  PolledMailbox& operator=(const PolledMailbox&) = delete;

  Mailbox box;
  Mailbox::Number awaited = 0;  ///< the packet whose answer is awaited

 protected:
  ~PolledMailbox() = default;

 private:
  friend class MailboxPoller;
  /// The awaited answer is there; it is not looked for any more.
  virtual void answer_arrived() = 0;

  static constexpr std::size_t kNowhere = ~std::size_t{0};
  std::size_t place_ = kNowhere;  ///< in the poller's list
  unsigned sleeps_ = 0;           ///< of the dispatcher since the answer is awaited
};

/// Looks at the mailboxes of busy workers once per turn of the loop, as long as answers keep coming. When
/// none has come in a whole turn, says so in memory that it shares with the workers (the doorbell); the next
/// worker that answers then rings on its channel, and the loop is free to sleep in the kernel. Loop thread
/// only. Outlives its mailboxes.
class MailboxPoller {
 public:
  /// Throws platform::SystemError.
  MailboxPoller(const Executor& executor, TimerQueue& timers);
  MailboxPoller(const MailboxPoller&) = delete;
  MailboxPoller& operator=(const MailboxPoller&) = delete;

  /// What a function's zygote maps, and its workers after it.
  [[nodiscard]] int descriptor() const { return file_.get(); }

  /// Its `awaited` answer is looked for from now on.
  void expect(PolledMailbox& mailbox);
  /// No answer is expected in it any more.
  void forget(PolledMailbox& mailbox);
  /// It is about to be destroyed.
  void gone(PolledMailbox& mailbox);
  /// Something came on a channel, perhaps a bell: there may be answers.
  void rung() { poll_soon(); }

 private:
  void poll_soon();
  void poll();
  bool collect();
  void go_to_sleep();

  Executor executor_;
  TimerQueue& timers_;
  platform::SharedMemory memory_;
  platform::UniqueFd file_;
  DoorbellMemory* doorbell_;
  std::vector<PolledMailbox*> expected_;
  std::vector<PolledMailbox*> arrived_;
  bool polling_ = false;
  bool sleeping_ = false;
  Deadline look_again_;
};

}  // namespace coffees
