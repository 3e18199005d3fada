#include "worker/worker.h"

#include <array>
#include <cstdio>

#include "platform/channel.h"

namespace coffees {
namespace {

using platform::ReceiveState;

// For a worker that was asked to end after its timeout: a signal handler and one write, once it gets a
// processor.
constexpr auto kGrace = std::chrono::milliseconds(10);

// For init to report an end; it does within a millisecond.
constexpr auto kReportTime = std::chrono::seconds(1);

std::string format_duration(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g s", seconds);
  return text.data();
}

std::string format_memory(std::uint64_t bytes) {
  return bytes % (1 << 20) == 0 ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes) + " bytes";
}

}  // namespace

// One buffer for all workers: the loop is a single thread, and a packet is used up before the next wait.
std::span<char> ProcessWorker::packet_buffer() {
  static std::array<char, wire::kMaxPacket> buffer;
  return buffer;
}

ProcessWorker::ProcessWorker(const Executor& executor, TimerQueue& timers, const ProcessSettings& settings,
                             WorkerNumber number, platform::UniqueFd channel, platform::UniqueFd log,
                             LogSink& sink, MailRoom& room)
    : settings_(settings),
      name_(settings.function + "#" + std::to_string(number)),
      room_(room),
      mail_{.box = Mailbox(mail_descriptor_)},
      timers_(timers),
      gate_(executor),
      self_(std::make_shared<ProcessWorker*>(this)),
      channel_(executor, channel.release()),
      log_(std::make_shared<LogPipe>(executor, timers, std::move(log),
                                     LogOrigin{name_, settings.index, number}, sink)),
      ended_signal_(executor),
      grace_(timers, [this] { kill_now(); }),
      deadline_(timers, [this] {
        expired_ = true;
        wake_soon();
      }) {
  log_->before_reading([this] { before_log_is_read(); });
  log_->start();
  watch_channel();
}

ProcessWorker::~ProcessWorker() {
  *self_ = nullptr;
  if (grace_.armed()) kill_now();
  log_->before_reading({});
  room_.gone(*this);
  // A worker that was given up before it had said who it is cannot be killed: it looks at the channel, finds
  // it closed, and ends.
  mail_.box.post({});
  if (on_destruction_) on_destruction_();
  log_->close();
}

// Not at once: whoever calls is in the middle of something that the resumed coroutine may end.
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
    // It may be a bell, and that one is for all: whoever rings first has silenced the others.
    (*self)->room_.rung();
    (*self)->wake();
  });
}

// Returns when something has happened: an event on the channel, an answer in the mailbox, the end of the
// process, the deadline, a cancellation. Who waits looks at all of them.
Task<ProcessWorker::Wake> ProcessWorker::wait() {
  if (!expired_ && !cancelled_) co_await gate_.wait();
  if (cancelled_) co_return Wake::cancelled;
  co_return expired_ ? Wake::expired : Wake::ready;
}

Task<ProcessWorker::Wake> ProcessWorker::wait_until_writable() {
  bool writable = false;
  channel_.async_wait(Descriptor::wait_write, [self = self_, &writable](const ErrorCode& error) {
    if (error || *self == nullptr) return;
    writable = true;
    (*self)->wake();
  });
  Wake woken = Wake::ready;
  while (woken == Wake::ready && !writable && !exit_) woken = co_await wait();
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
  expired_ = false;
  deadline_.arm(deadline);
  platform::Received received;
  while (true) {
    if (channel_event_) {
      received = platform::receive_with_descriptors(channel_.native_handle(), packet_buffer());
      if (received.state != ReceiveState::would_block) break;
      watch_channel();
    }
    const Wake wake = co_await wait();
    if (wake != Wake::ready) {
      result.expired = true;
      break;
    }
  }
  deadline_.disarm();
  if (result.expired) co_return result;
  result.arrived = received.state == ReceiveState::message && !received.truncated &&
                   wire::parse({packet_buffer().data(), received.size}, result.packet);
  if (result.arrived) watch_channel();
  if (result.arrived && !process_ && received.sender.pid > 0) {
    process_ = open_process_handle(received.sender.pid, settings_.own_pid_namespace);
    platform::stop_reporting_sender(channel_.native_handle());
  }
  co_return result;
}

Task<Outcome> ProcessWorker::invoke(const Invocation& call, Duration timeout, bool cold, bool& undelivered) {
  undelivered = false;
  expired_ = false;
  cancelled_ = false;
  timeout_ = timeout;
  running_ = true;
  answered_ = false;
  talked_ = true;  // until its answer says that it did not
  std::optional<Ahead> ahead;
  if (!ahead_.empty()) {
    ahead = ahead_.front();
    ahead_.pop_front();
  }
  if (!ahead || ahead->taken_back) log_->end_pause();
  log_->begin_invocation(call.request_id);
  const TimePoint deadline = timeout < Duration(0) ? TimePoint::max() : timers_.now() + timeout;
  if (timeout >= Duration(0)) deadline_.arm(deadline);
  if (call.cancellation != nullptr)
    call.cancellation->on_request([this] {
      cancelled_ = true;
      wake_soon();
    });

  std::optional<Outcome> failed;
  if (ahead && !ahead->taken_back) {
    invocation_ = ahead->invocation;
    by_channel_ = false;
    mail_.number = ahead->number;
    room_.expect(*this);
  } else {
    invocation_ = ++last_invocation_;
    failed = co_await send_request(call, deadline, cold, undelivered);
  }
  Outcome outcome;
  if (failed)
    outcome = std::move(*failed);
  else
    outcome = co_await receive_answer(undelivered);

  running_ = false;
  room_.forget(*this);
  mail_.box.finished(mail_.number);
  deadline_.disarm();
  if (call.cancellation != nullptr) call.cancellation->on_request({});
  log_->end_invocation(talked_);
  // A worker that has not answered is about to be killed: what it prints until then is this request's, too.
  if (answered_) log_->begin_invocation({});
  ++served_;
  co_return outcome;
}

Outcome ProcessWorker::interrupted(Wake why) const {
  if (why == Wake::cancelled)
    return Outcome::failure(Outcome::Kind::client_gone, "the client left; its worker was stopped");
  return Outcome::failure(Outcome::Kind::timeout,
                          settings_.function + " ran longer than its limit of " + format_duration(timeout_) +
                              "; its worker was stopped and the next call gets a new one",
                          "raise `timeout` of [functions." + settings_.function + "], or do less per call");
}

Outcome ProcessWorker::out_of_memory() const {
  return Outcome::failure(
      Outcome::Kind::out_of_memory,
      settings_.function + " ran out of memory: its limit is " + format_memory(settings_.memory),
      "raise `memory` of [functions." + settings_.function + "]");
}

Outcome ProcessWorker::nonsense(const char* what) const {
  return Outcome::failure(Outcome::Kind::protocol_error, name_ + " sent " + what,
                          "does the handler write to descriptor 3? It belongs to the runtime");
}

Task<Outcome> ProcessWorker::died() {
  const std::optional<platform::ExitStatus> exit = co_await wait_ended();
  if (!exit) kill();  // closed its channel but lives on
  const std::string how = how_it_ended();
  if (last_words_ && last_words_->out_of_memory != 0) co_return out_of_memory();
  co_return Outcome::failure(Outcome::Kind::crashed, "worker " + name_ + " " + how,
                             "its log lines come before this one; the next call gets a new worker");
}

void ProcessWorker::take_last_words(std::string_view meta) {
  wire::LastWords words;
  if (last_words_ || !wire::take_meta(meta, words)) return;
  last_words_ = words;
}

std::string ProcessWorker::how_it_ended() {
  // An idle worker's last packet lies unread. While it serves, receive_answer() reads the channel.
  platform::Received received;
  wire::Packet packet;
  for (int looks = 0; !running_ && !last_words_ && looks < 4 && channel_.is_open(); ++looks) {
    const std::span<char> buffer = packet_buffer();
    received = platform::receive_message(channel_.native_handle(), std::span(&buffer, 1));
    if (received.state != ReceiveState::message) break;
    if (!received.truncated && wire::parse({buffer.data(), received.size}, packet) &&
        packet.header.kind == wire::Kind::last_words)
      take_last_words(packet.meta);
  }
  // Killed while it was dying: what it said is not what ended it.
  const bool said = last_words_ && (!exit_ || exit_->signal == 0 || exit_->signal == last_words_->signal);
  if (!said) {
    if (!exit_) return "closed its channel";
    return (exit_->signal == 0 ? "ended: " : "died: ") + platform::describe(*exit_);
  }
  return "died: " + platform::describe(*last_words_);
}

// After a timeout the process may write what it has half printed: it is asked first, once.
void ProcessWorker::kill() {
  if (!expired_ || asked_to_end_ || exit_ || !has_process()) {
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

void ProcessWorker::ended(platform::ExitStatus status) {
  if (exit_) return;
  exit_ = status;
  grace_.disarm();
  wake_soon();  // something it started may hold the other end of the channel open
  if (process_) process_->kill_remains();
  ended_signal_.notify();
}

Task<std::optional<platform::ExitStatus>> ProcessWorker::wait_ended() {
  if (!exit_) co_await wait_until(timers_, ended_signal_, timers_.now() + kReportTime);
  co_return exit_;
}

}  // namespace coffees
