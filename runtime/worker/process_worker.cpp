#include "worker/process_worker.h"

#include <array>
#include <csignal>
#include <cstdio>

#include "base/units.h"
#include "diagnostics/diagnostics.h"
#include "planted_bug.h"
#include "platform/channel.h"

namespace coffees {
namespace {

using platform::ReceiveState;

// For a worker that was asked to end after its timeout: a signal handler and one write, once it gets a
// processor.
constexpr auto kGrace = std::chrono::milliseconds(10);

// For a process whose channel has closed to end.
constexpr auto kEndTime = std::chrono::seconds(1);

// For init to say how a process ended; it does within a millisecond. Longer only if it cannot know which
// process this is.
constexpr auto kReportTime = std::chrono::milliseconds(250);

}  // namespace

// One buffer for all workers: the loop is a single thread, and a packet is used up before the next wait.
std::span<char> ProcessWorker::packet_buffer() {
  static std::array<char, wire::kMaxPacket> buffer;
  return buffer;
}

ProcessWorker::ProcessWorker(const Executor& executor, TimerQueue& timers, const ProcessSettings& settings,
                             WorkerNumber number, platform::UniqueFd channel, platform::UniqueFd log,
                             LogSink& sink, MailboxPoller& poller)
    : settings_(settings),
      name_(settings.function + "#" + std::to_string(number)),
      timers_(timers),
      poller_(poller),
      self_(std::make_shared<ProcessWorker*>(this)),
      channel_(executor, channel.release()),
      log_(std::make_shared<LogPipe>(executor, timers, std::move(log),
                                     LogOrigin{name_, settings.index, number}, sink)),
      gate_(executor),
      deadline_(timers,
                [this] {
                  turn_.expired = true;
                  wake_soon();
                }),
      report_time_(timers,
                   [this] {
                     asio::post(channel_.get_executor(), [self = self_] {
                       if (*self != nullptr) (*self)->finish_end();
                     });
                   }),
      ended_signal_(executor),
      grace_(timers, [this] { kill_now(); }) {
  log_->before_reading([this] { return before_log_is_read(); });
  log_->start();
  watch_channel();
}

ProcessWorker::~ProcessWorker() {
  *self_ = nullptr;
  if (grace_.armed()) kill_now();
  log_->before_reading({});
  poller_.gone(*this);
  // A worker that was given up before it had said who it is cannot be killed: it looks at the channel, finds
  // it closed, and ends.
  box.post({});
  if (on_destruction_) on_destruction_();
  log_->close();
}

// Not at once: the caller is in the middle of something that the resumed coroutine may end.
void ProcessWorker::wake_soon() {
  asio::post(channel_.get_executor(), [self = self_] {
    if (*self != nullptr) (*self)->wake();
  });
}

void ProcessWorker::watch_channel() {
  channel_event_ = false;
  channel_.async_wait(Descriptor::wait_read, [self = self_](const ErrorCode& error) {
    if (error || *self == nullptr) return;
    (*self)->channel_event_ = true;
    // It may be a bell, and a bell is for all workers: the first one that rings silences the others.
    (*self)->poller_.rung();
    (*self)->wake();
  });
}

// Returns when something has happened: an event on the channel, an answer in the mailbox, the end of the
// process, the deadline, a cancellation. The caller looks at all of them.
Task<ProcessWorker::Wake> ProcessWorker::wait() {
  if (!turn_.expired && !turn_.cancelled) co_await gate_.wait();
  if (turn_.cancelled) co_return Wake::cancelled;
  co_return turn_.expired ? Wake::expired : Wake::ready;
}

Task<ProcessWorker::Wake> ProcessWorker::wait_until_writable() {
  bool writable = false;
  channel_.async_wait(Descriptor::wait_write, [self = self_, &writable](const ErrorCode& error) {
    if (error || *self == nullptr) return;
    writable = true;
    (*self)->wake();
  });
  Wake woken = Wake::ready;
  while (woken == Wake::ready && !writable && !ended_) woken = co_await wait();
  if (!writable) {
    // The handler above must not outlive `writable`; the watch for reading ends with it and begins anew.
    channel_.cancel();
    co_await yield_to_others();
    if (!channel_event_) watch_channel();
  }
  co_return woken;
}

Task<ProcessWorker::StartPacket> ProcessWorker::receive_start_packet(TimePoint deadline) {
  StartPacket result;
  turn_.expired = false;
  deadline_.arm(deadline);
  platform::Received received;
  while (true) {
    // At its time, and when the process has ended, the channel is looked at once more.
    const bool last_look = turn_.expired || ended_;
    if (channel_event_ || last_look) {
      received = platform::receive_with_descriptors(channel_.native_handle(), packet_buffer());
      if (received.state != ReceiveState::would_block) break;
      if (channel_event_) watch_channel();
    }
    if (last_look) {
      result.expired = !ended_;
      received.state = ReceiveState::closed;
      break;
    }
    co_await wait();
  }
  deadline_.disarm();
  if (result.expired) co_return result;
  result.arrived = received.state == ReceiveState::message && !received.truncated &&
                   wire::parse({packet_buffer().data(), received.size}, result.packet);
  if (result.arrived) watch_channel();
  if (result.arrived && !process_ && received.sender.pid > 0) {
    take_process(
        open_process_handle(channel_.get_executor(), received.sender.pid, settings_.own_pid_namespace));
    platform::stop_reporting_sender(channel_.native_handle());
  }
  co_return result;
}

Task<InvocationResult> ProcessWorker::invoke(const Invocation& call, Duration timeout, bool cold,
                                             TurnListener& listener) {
  InvocationResult result;
  std::optional<Posted> posted;
  if (turn_.running || !unstarted_.empty()) {
    posted = co_await wait_for_turn(call, timeout);
    if (!posted) {
      result.delivery = Delivery::revoked;
      co_return result;
    }
  }
  turn_ = {
      .invocation = posted ? posted->invocation : ++counts_.invocations, .timeout = timeout, .running = true};
  const TimePoint now = timers_.now();
  listener.turn_begins(now);
  TimePoint deadline = timeout < Duration(0) ? TimePoint::max() : now + timeout;
  if (planted("early-deadline")) deadline -= std::chrono::nanoseconds(1);
  if (planted("late-deadline")) deadline += std::chrono::milliseconds(6);
  turn_.deadline = deadline;
  begin_turn(call, posted);
  try {
    std::optional<Outcome> failed;
    if (!posted) failed = co_await send_request(call, cold);
    if (failed)
      result.outcome = std::move(*failed);
    else
      result.outcome = co_await receive_answer();
  } catch (...) {
    end_turn(call);
    throw;
  }
  // The worker leaves these alone until it is given new ones.
  if (turn_.alone) revoke_unstarted();
  end_turn(call);
  result.delivery = turn_.delivery;
  result.printed = turn_.printed;
  co_return result;
}

void ProcessWorker::begin_turn(const Invocation& call, const std::optional<Posted>& posted) {
  if (!posted) log_->end_pause();
  log_->begin_invocation(call.request_id);
  if (turn_.deadline != TimePoint::max()) deadline_.arm(turn_.deadline);
  if (call.cancellation != nullptr)
    call.cancellation->on_request([this] {
      turn_.cancelled = true;
      wake_soon();
    });
  if (!posted) return;
  awaited = posted->mail;
  poller_.expect(*this);
}

void ProcessWorker::end_turn(const Invocation& call) {
  turn_.running = false;
  poller_.forget(*this);
  box.finished(awaited);
  deadline_.disarm();
  if (call.cancellation != nullptr) call.cancellation->on_request({});
  log_->end_invocation(turn_.printed);
  // A worker that has not answered is about to be killed: what it prints until then is this request's, too.
  if (turn_.answered) log_->begin_invocation({});
  ++counts_.served;
}

Outcome ProcessWorker::interrupted(Wake why) const {
  if (why == Wake::cancelled)
    return Outcome::failure(Outcome::Kind::client_gone, "the client left; its worker was stopped");
  return Outcome::failure(Outcome::Kind::timeout,
                          settings_.function + " ran longer than its limit of " +
                              format_duration(turn_.timeout) +
                              "; its worker was stopped and the next call gets a new one",
                          "raise `timeout` of [functions." + settings_.function + "], or do less per call");
}

Outcome ProcessWorker::out_of_memory() const {
  return Outcome::failure(
      Outcome::Kind::out_of_memory,
      settings_.function + " ran out of memory: its limit is " + format_size(settings_.memory),
      "raise `memory` of [functions." + settings_.function + "]");
}

Outcome ProcessWorker::protocol_error(const char* what) const {
  diagnostics::warn_seldom(diagnostics::Room::worker, "protocol " + settings_.function,
                           name_ + " sent " + what + "; it is replaced");
  return Outcome::failure(Outcome::Kind::protocol_error, name_ + " sent " + what,
                          "check whether the handler writes to descriptor 3, which belongs to the runtime");
}

Task<Outcome> ProcessWorker::died() {
  const bool ended = co_await wait_ended(turn_.deadline);
  if (!ended) kill();  // closed its channel but lives on
  const std::string how = how_it_ended();
  if (abort_notice_ && abort_notice_->out_of_memory != 0) co_return out_of_memory();
  co_return Outcome::failure(Outcome::Kind::crashed, "worker " + name_ + " " + how,
                             "its log lines come before this one; the next call gets a new worker");
}

void ProcessWorker::take_abort_notice(std::string_view meta) {
  wire::AbortNotice notice;
  if (abort_notice_ || !wire::take_meta(meta, notice)) return;
  abort_notice_ = notice;
}

std::string ProcessWorker::how_it_ended() {
  // An idle worker's last packet lies unread. While it serves, receive_answer() reads the channel.
  platform::Received received;
  wire::Packet packet;
  for (int looks = 0; !turn_.running && !abort_notice_ && looks < 4 && channel_.is_open(); ++looks) {
    const std::span<char> buffer = packet_buffer();
    received = platform::receive_message(channel_.native_handle(), std::span(&buffer, 1));
    if (received.state != ReceiveState::message) break;
    if (!received.truncated && wire::parse({buffer.data(), received.size}, packet) &&
        packet.header.kind == wire::Kind::abort_notice)
      take_abort_notice(packet.meta);
  }
  // Killed while it was dying: what it said is not what ended it.
  const bool said = abort_notice_ && (!exit_ || exit_->signal == 0 || exit_->signal == abort_notice_->signal);
  if (!said) {
    if (!ended_) return "closed its channel";
    if (!why_.empty()) return why_;
    if (!exit_) return "ended, and the reason is not known";
    std::string how = (exit_->signal == 0 ? "ended: " : "died: ") + platform::describe(*exit_);
    // From glibc 2.41 on abort() ends so as process 1, with all signals blocked: nothing of ours sees it.
    if (exit_->signal == SIGSEGV) how += ", or abort() after SIGABRT was set back to its default";
    return how;
  }
  return "died: " + platform::describe(*abort_notice_);
}

// After a timeout the process may write what it has half printed: it is asked first, once.
void ProcessWorker::kill() {
  if (!turn_.expired || asked_to_end_ || process_gone_ || !has_process()) {
    kill_now();
    return;
  }
  asked_to_end_ = true;
  process_->ask_to_end();
  grace_.arm(timers_.now() + kGrace);
}

void ProcessWorker::kill_now() {
  grace_.disarm();
  if (process_) process_->kill();
}

void ProcessWorker::take_process(std::unique_ptr<ProcessHandle> process) {
  process_ = std::move(process);
  process_->on_end([this] { process_gone(); });
}

// The kernel says that it is gone; its parent says how it ended. Reports alone are not trusted, since a
// zygote, which runs handler code, names its workers' processes.
void ProcessWorker::process_gone() {
  process_gone_ = true;
  grace_.disarm();
  process_->kill_remains();
  if (exit_)
    finish_end();
  else
    report_time_.arm(timers_.now() + kReportTime);
}

void ProcessWorker::end_reported(platform::ExitStatus status, std::string why) {
  if (exit_) return;
  exit_ = status;
  why_ = std::move(why);
  if (process_gone_) finish_end();
}

void ProcessWorker::finish_end() {
  if (std::exchange(ended_, true)) return;
  report_time_.disarm();
  wake_soon();  // something it started may hold the other end of the channel open
  ended_signal_.notify();
  if (const std::function<void()> action = std::exchange(on_end_, {})) action();
}

Task<bool> ProcessWorker::wait_ended(TimePoint limit) {
  if (!ended_) co_await wait_until(timers_, ended_signal_, std::min(limit, timers_.now() + kEndTime));
  co_return ended_;
}

}  // namespace coffees
