// The dispatcher's handle on one worker process: its channel, its pidfd, its log, and how it ended.
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
#include "pool/worker_source.h"
#include "timer_queue.h"
#include "worker/log_pipe.h"
#include "worker/mail_room.h"
#include "worker/mailbox.h"
#include "worker/process_handle.h"
#include "worker/wire.h"

namespace coffees {

/// What every worker process of a function has in common.
struct ProcessSettings {
  std::string function;
  std::uint16_t index = 0;        ///< its place in the configuration
  std::uint64_t max_body = 0;     ///< bytes of the longest answer that is accepted
  std::uint64_t memory = 0;       ///< bytes, for messages
  bool own_pid_namespace = true;  ///< else what the worker started is killed by its process group
};

/// A worker process behind a mailbox for small packets and a channel for the others (wire.h). Everything that
/// arrives is checked before it is used.
class ProcessWorker : public Worker {
 public:
  /// Takes the dispatcher's end of the channel and the reading end of the log pipe. Nothing runs yet. Throws
  /// platform::SystemError when there is no memory for a mailbox.
  ProcessWorker(const Executor& executor, TimerQueue& timers, const ProcessSettings& settings,
                WorkerNumber number, platform::UniqueFd channel, platform::UniqueFd log, LogSink& sink,
                MailRoom& room);
  ~ProcessWorker() override;

  /// What the worker maps its mailbox from; to be handed over and closed before the first invocation.
  [[nodiscard]] platform::UniqueFd take_mail_descriptor() { return std::move(mail_descriptor_); }

  /// Why a wait ended.
  enum class Wake { ready, expired, cancelled };

  /// A packet of the start-up phase. Empty when the channel closed, or at `deadline`; then `expired` is set.
  struct StartPacket {
    wire::Packet packet;
    bool arrived = false;
    bool expired = false;
  };
  /// Fixes which process this is. receive_start_packet() does so otherwise.
  void take_process(std::unique_ptr<ProcessHandle> process) { process_ = std::move(process); }
  /// Waits for the next packet, at most until `deadline`. The first one fixes which process this is: the
  /// kernel names the sender. The packet's views are valid until the next call on any worker.
  Task<StartPacket> receive_start_packet(TimePoint deadline);

  Task<Outcome> invoke(const Invocation& call, Duration timeout, bool cold, bool& undelivered) override;
  bool post_ahead(const Invocation& call, Duration timeout) override;
  std::size_t take_back() override;
  void kill() override;

  /// The process has ended, as its init reports; wakes who waits for that.
  void ended(platform::ExitStatus status);
  /// The meta of a last_words packet: what the process said before it ended. Only the first counts.
  void take_last_words(std::string_view meta);
  /// How it ended, in words: "died: segmentation fault at address 0x0, in x.so+0x2d10", "ended: exit status
  /// 3". Reads what the process may have said last.
  [[nodiscard]] std::string how_it_ended();
  /// Called when this handle goes: whoever would call ended() must not do so any more.
  void on_destruction(std::function<void()> action) { on_destruction_ = std::move(action); }
  /// Waits for ended(), one second at most: init reports within a millisecond, but it may be dead itself.
  Task<std::optional<platform::ExitStatus>> wait_ended();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int pid() const override { return process_ ? process_->pid() : 0; }
  /// False when the process was gone before a handle on it could be opened.
  [[nodiscard]] bool has_process() const { return process_ && process_->is_open(); }

 private:
  friend class MailRoom;
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  // Something happened that may end a wait; now, or in the next turn of the loop.
  void wake() { gate_.open(); }
  void wake_soon();
  void kill_now();
  void watch_channel();
  Task<Wake> wait();
  Task<Wake> wait_until_writable();
  std::optional<Outcome> check_idle_channel(bool& dead);
  std::string_view write_request_head(const Invocation& call, TimePoint deadline, bool cold,
                                      std::uint64_t served);
  Task<std::optional<Outcome>> send_request(const Invocation& call, TimePoint deadline, bool cold,
                                            bool& undelivered);
  void take_back_posted();
  void before_log_is_read();
  Task<std::optional<Outcome>> send_packets(std::string_view head, std::string_view body, bool& undelivered);
  Task<Outcome> receive_answer(bool& undelivered);
  bool receive_packet(platform::Received& received);
  std::optional<Outcome> look_at(const wire::Packet& packet);
  Task<std::optional<Outcome>> receive_rest(Outcome& outcome, std::uint64_t size);
  bool accept_response(const wire::Packet& packet, Outcome& outcome) const;
  Task<Outcome> died();
  [[nodiscard]] Outcome interrupted(Wake why) const;
  [[nodiscard]] Outcome nonsense(const char* what) const;
  [[nodiscard]] Outcome out_of_memory() const;
  static std::span<char> packet_buffer();

  const ProcessSettings& settings_;
  std::string name_;
  MailRoom& room_;
  platform::UniqueFd mail_descriptor_;
  // An invocation that was posted behind the one that runs.
  struct Ahead {
    Mailbox::Number number = 0;
    std::uint64_t invocation = 0;
    bool taken_back = false;  ///< to be posted when its turn comes
  };
  // What the mail room keeps per worker.
  struct Mail {
    Mailbox box;
    Mailbox::Number number = 0;    ///< of the packet whose answer is waited for
    std::size_t place = kNowhere;  ///< in the room's list
    unsigned sleeps = 0;           ///< of the dispatcher since the request was posted
  } mail_;
  std::uint64_t answers_ = 0;  ///< that came by the mailbox
  std::uint64_t bells_ = 0;
  std::deque<Ahead> ahead_;     ///< in the order of posting; those taken back are the last ones
  bool running_ = false;        ///< between the beginning and the end of invoke()
  bool talked_ = false;         ///< it may have printed something
  bool answered_ = false;       ///< the invocation that ran last got an answer of its own
  std::string kept_;            ///< an answer that came by the channel before its turn
  bool by_channel_ = false;     ///< the request went by the channel
  bool channel_event_ = false;  ///< there may be something on the channel; else it is being watched
  TimerQueue& timers_;
  Gate gate_;
  std::shared_ptr<ProcessWorker*> self_;  ///< null inside once this is destroyed
  Descriptor channel_;
  std::shared_ptr<LogPipe> log_;
  std::unique_ptr<ProcessHandle> process_;
  std::uint64_t served_ = 0;
  std::uint64_t invocation_ = 0;       ///< the one that runs
  std::uint64_t last_invocation_ = 0;  ///< the newest one that has a number
  Duration timeout_{0};
  bool expired_ = false;
  bool cancelled_ = false;
  std::optional<wire::LastWords> last_words_;
  std::optional<platform::ExitStatus> exit_;
  Signal ended_signal_;
  bool asked_to_end_ = false;
  Deadline grace_;  ///< after it, a worker that was asked to end is killed
  std::function<void()> on_destruction_;
  Deadline deadline_;
};

}  // namespace coffees
