// The dispatcher's handle on one worker process: its mailbox, its channel, its log, and how it ended.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "invocation.h"
#include "platform/channel.h"
#include "platform/child_process.h"
#include "platform/unique_fd.h"
#include "timer_queue.h"
#include "worker/log_pipe.h"
#include "worker/mailbox.h"
#include "worker/mailbox_poller.h"
#include "worker/process_handle.h"
#include "worker/wire.h"
#include "worker_source/worker_source.h"

namespace coffees {

/// What every worker process of a function has in common.
struct ProcessSettings {
  std::string function;
  std::uint16_t index = 0;     ///< its place in the configuration
  std::uint64_t max_body = 0;  ///< bytes of the longest answer that is accepted
  std::uint64_t memory = 0;    ///< bytes, for messages
  MemoryBudget* budget =
      nullptr;  ///< charged with large answers; outlives the workers; null: nothing is counted
  bool own_pid_namespace = true;  ///< else what the worker started is killed by its process group
};

/// A worker process behind a mailbox for small packets and a channel for the others (wire.h). Everything that
/// arrives is checked before it is used.
///
/// Requests that are handed over while one runs are pipelined: their packets lie in the mailbox, and the
/// worker begins with each by itself. On this side each waits in a Slot for its turn, so that answers, log
/// lines and deadlines belong to one invocation at a time. A worker that prints, fails or has no room for
/// further answers says so with its answer and begins nothing more; what it has not begun is revoked then.
class ProcessWorker : public Worker, private PolledMailbox {
 public:
  /// Takes the dispatcher's end of the channel and the reading end of the log pipe. Nothing runs yet. Throws
  /// platform::SystemError when there is no memory for a mailbox.
  ProcessWorker(const Executor& executor, TimerQueue& timers, const ProcessSettings& settings,
                WorkerNumber number, platform::UniqueFd channel, platform::UniqueFd log, LogSink& sink,
                MailboxPoller& poller);
  ~ProcessWorker() override;

  /// What the worker maps its mailbox from; to be handed over and closed before the first invocation.
  [[nodiscard]] platform::UniqueFd take_mail_descriptor() { return box.take_descriptor(); }

  /// Why a wait ended.
  enum class Wake { ready, expired, cancelled };

  /// A packet of the start-up phase. Empty when the channel closed, or at `deadline`; then `expired` is set.
  struct StartPacket {
    wire::Packet packet;
    bool arrived = false;
    bool expired = false;
  };
  /// Fixes which process this is. receive_start_packet() does so otherwise.
  void take_process(std::unique_ptr<ProcessHandle> process);
  /// Waits for the next packet, at most until `deadline`. The first one fixes which process this is: the
  /// kernel names the sender. The packet's views are valid until the next call on any worker.
  Task<StartPacket> receive_start_packet(TimePoint deadline);

  Task<InvocationResult> invoke(const Invocation& call, Duration timeout, bool cold,
                                TurnListener& listener) override;
  [[nodiscard]] std::size_t slots() const override { return MailboxMemory::kSlots; }
  [[nodiscard]] bool can_pipeline(const Invocation& call) const override;
  void begin_next() override;
  void revoke_unstarted() override;
  void kill() override;

  /// Its init says how it ended, `why` in words if that is known better. Believed when the process has ended.
  void end_reported(platform::ExitStatus status, std::string why = {});
  /// Called once, when the process has ended and how is known, or does not become known. May destroy this.
  void on_end(std::function<void()> action) { on_end_ = std::move(action); }
  /// The meta of an abort_notice packet: what the process said before it ended. Only the first counts.
  void take_abort_notice(std::string_view meta);
  /// How it ended, in words: "died: segmentation fault at address 0x0, in x.so+0x2d10", "ended: exit status
  /// 3". Reads what the process may have said last.
  [[nodiscard]] std::string how_it_ended();
  /// Called when this handle goes: end_reported() must not be called any more.
  void on_destruction(std::function<void()> action) { on_destruction_ = std::move(action); }
  /// Waits for its end, one second at most, and not beyond `limit`. Returns whether it has ended.
  Task<bool> wait_ended(TimePoint limit = TimePoint::max());
  [[nodiscard]] std::optional<platform::ExitStatus> exit_status() const { return exit_; }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int pid() const override { return process_ ? process_->pid() : 0; }
  /// False when the process was gone before a handle on it could be opened.
  [[nodiscard]] bool has_process() const { return process_ && process_->is_open(); }

 private:
  // A request that lies in the mailbox.
  struct Posted {
    Mailbox::Number mail = 0;
    std::uint64_t invocation = 0;
  };
  // An invocation that waits for its turn. Lives in its coroutine.
  struct Slot {
    explicit Slot(const Executor& executor) : turn(executor) {}
    Gate turn;
    Posted posted;
    bool revoked = false;
  };
  // The invocation that runs, or ran last.
  struct Turn {
    std::uint64_t invocation = 0;
    Duration timeout{0};
    TimePoint deadline = TimePoint::max();
    Delivery delivery = Delivery::started;
    bool running = false;
    bool by_channel = false;  ///< the request went by the channel
    bool expired = false;
    bool cancelled = false;
    bool answered = false;  ///< by an answer of its own
    bool printed = true;    ///< until its answer says that it did not
    bool alone = false;     ///< nothing more is pipelined behind it: the worker might not begin with it
  };
  struct Counts {
    std::uint64_t served = 0;
    std::uint64_t invocations = 0;  ///< numbers given; the last one
    std::uint64_t answers = 0;      ///< that came by the mailbox
    std::uint64_t bells = 0;
  };

  // Something happened that may end a wait; now, or in the next turn of the loop.
  void wake() { gate_.open(); }
  void wake_soon();
  void answer_arrived() override { wake(); }
  void kill_now();
  void process_gone();
  void finish_end();
  void watch_channel();
  Task<Wake> wait();
  Task<Wake> wait_until_writable();

  Task<std::optional<Posted>> wait_for_turn(const Invocation& call, Duration timeout);
  void begin_turn(const Invocation& call, const std::optional<Posted>& posted);
  void end_turn(const Invocation& call);
  bool before_log_is_read();
  std::optional<Outcome> check_idle_channel(bool& dead);
  std::string_view write_request_head(const Invocation& call, wire::RequestMeta meta,
                                      std::uint64_t invocation);
  Task<std::optional<Outcome>> send_request(const Invocation& call, bool cold);
  Task<std::optional<Outcome>> send_packets(std::string_view head, std::string_view body);

  Task<Outcome> receive_answer();
  bool receive_packet(platform::Received& received);
  std::optional<Outcome> look_at(const wire::Packet& packet);
  Task<std::optional<Outcome>> receive_rest(Outcome& outcome, std::size_t arrived, std::uint64_t size);
  bool accept_response(const wire::Packet& packet, Outcome& outcome);
  void hold(Outcome& outcome, std::size_t bytes) const;
  Task<Outcome> died();
  [[nodiscard]] Outcome interrupted(Wake why) const;
  [[nodiscard]] Outcome protocol_error(const char* what) const;
  [[nodiscard]] Outcome out_of_memory() const;
  [[nodiscard]] Outcome answer_too_large(std::uint64_t size) const;
  static std::span<char> packet_buffer();

  // What it is.
  const ProcessSettings& settings_;
  std::string name_;
  TimerQueue& timers_;
  MailboxPoller& poller_;
  std::shared_ptr<ProcessWorker*> self_;  ///< null inside once this is destroyed

  // What connects it with the process.
  Descriptor channel_;
  bool channel_event_ = false;  ///< there may be something on the channel; else it is being watched
  std::shared_ptr<LogPipe> log_;
  std::unique_ptr<ProcessHandle> process_;

  // What it does.
  Turn turn_;
  std::deque<Slot*> unstarted_;  ///< in the order of posting
  bool beginning_next_ = false;  ///< begin_next() is at work, further down the stack
  std::string kept_;             ///< an answer that came by the channel before its turn
  Counts counts_;
  Gate gate_;
  Deadline deadline_;

  // How it ends.
  std::optional<wire::AbortNotice> abort_notice_;
  bool process_gone_ = false;                 ///< the kernel says so
  std::optional<platform::ExitStatus> exit_;  ///< as its init says
  std::string why_;                           ///< the same in words
  bool ended_ = false;                        ///< gone, and how is known or does not become known
  Deadline report_time_;                      ///< for init to say how
  Signal ended_signal_;
  bool asked_to_end_ = false;
  Deadline grace_;  ///< after it, a worker that was asked to end is killed
  std::function<void()> on_end_;
  std::function<void()> on_destruction_;
};

}  // namespace coffees
