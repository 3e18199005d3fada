// Where the dispatcher looks for answers in the mailboxes of one function's workers, and when it goes to
// sleep.
#pragma once

#include <vector>

#include "loop.h"
#include "platform/shared_memory.h"
#include "worker/mailbox.h"

namespace coffees {

class ProcessWorker;

/// Looks at the mailboxes of busy workers once per turn of the loop, as long as answers keep coming. When
/// none has come in a whole turn, says that it sleeps; the next answer then rings on its worker's channel,
/// and the loop is free to sleep in the kernel. Loop thread only. Outlives its workers.
class MailRoom {
 public:
  /// Throws platform::SystemError.
  explicit MailRoom(const Executor& executor);
  MailRoom(const MailRoom&) = delete;
  MailRoom& operator=(const MailRoom&) = delete;

  /// What a function's zygote maps, and its workers after it.
  [[nodiscard]] int descriptor() const { return file_.get(); }

  /// A packet was posted to this worker: its answer is looked for from now on.
  void expect(ProcessWorker& worker);
  /// No answer of this worker is expected any more.
  void forget(ProcessWorker& worker);
  /// This worker's handle is about to be destroyed.
  void gone(ProcessWorker& worker);
  /// Something came on a channel, perhaps a bell: there may be answers.
  void rung() { look_soon(); }

 private:
  void look_soon();
  void look();
  bool collect();
  void go_to_sleep();

  Executor executor_;
  platform::SharedMemory memory_;
  platform::UniqueFd file_;
  BellMemory* bell_;
  std::vector<ProcessWorker*> expected_;
  std::vector<ProcessWorker*> arrived_;
  bool looking_ = false;
  bool sleeping_ = false;
};

}  // namespace coffees
