// A simulated worker process: the other side of a real ProcessWorker's mailbox, channel and log, within
// this process and in the time of a World.
#pragma once

#include <memory>
#include <string>

#include "platform/child_process.h"
#include "platform/shared_memory.h"
#include "storm/fault_rates.h"
#include "storm/world.h"
#include "worker/mailbox.h"
#include "worker/process_handle.h"
#include "worker/wire.h"

namespace coffees::storm {

/// One simulated worker. Answers a request with its body.
class SimulatedProcess : public std::enable_shared_from_this<SimulatedProcess> {
 public:
  /// What is told of it, in either order, a moment after it has ended: that it has, and how.
  struct End {
    std::function<void()> seen;
    std::function<void(platform::ExitStatus)> reported;
  };
  /// The worker's ends of channel and log, and descriptors to map its mailbox and the bell from.
  SimulatedProcess(World& world, const FaultRates& faults, int pid, platform::UniqueFd channel,
                   platform::UniqueFd log, int mail, int bell, End end);

  /// Looks whether there is a request to begin with. Returns whether it has found one.
  bool look();
  void kill();
  void ask_to_end();
  [[nodiscard]] bool alive() const { return alive_; }
  [[nodiscard]] int pid() const { return pid_; }
  /// Dies of a signal.
  void crash();

 private:
  [[nodiscard]] bool can_take() const;
  void begin();
  bool read_request();
  bool read_channel();
  void serve();
  void misbehave();
  void answer(std::uint64_t invocation, std::string_view body, bool torn = false);
  void ring();
  void done();
  void die(platform::ExitStatus status);
  void later(Duration time, void (SimulatedProcess::*action)());

  World& world_;
  const FaultRates& faults_;
  int pid_;
  platform::UniqueFd channel_;
  platform::UniqueFd log_;
  platform::SharedMemory memory_;
  MailboxMemory* mail_;
  platform::SharedMemory bell_memory_;
  WorkerMailbox box_;
  End end_;
  bool alive_ = true;
  bool idle_ = true;
  bool barrier_ = false;
  std::string request_;
  std::uint64_t invocation_ = 0;
  std::string body_;
  std::string answer_;
  bool waited_ = false;
  bool error_ = false;
  bool printed_ = false;
  Duration cpu_{0};
};

}  // namespace coffees::storm
