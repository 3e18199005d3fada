#include "worker/worker.h"

#include <array>
#include <cstdio>

#include "platform/channel.h"

namespace coffees {
namespace {

using platform::ReceiveState;

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

ProcessWorker::ProcessWorker(const Executor& executor, Deadlines& deadlines, const ProcessSettings& settings,
                             WorkerNumber number, platform::UniqueFd channel, platform::UniqueFd log,
                             LogSink& sink, MailRoom& room)
    : settings_(settings),
      name_(settings.function + "#" + std::to_string(number)),
      room_(room),
      mail_{.box = Mailbox(mail_descriptor_)},
      gate_(executor),
      self_(std::make_shared<ProcessWorker*>(this)),
      channel_(executor, channel.release()),
      log_(std::make_shared<LogPipe>(executor, deadlines, std::move(log),
                                     LogOrigin{name_, settings.index, number}, sink)),
      ended_timer_(executor),
      deadline_(deadlines, [this] {
        expired_ = true;
        wake_soon();
      }) {
  log_->before_reading([this] { before_log_is_read(); });
  log_->start();
  watch_channel();
}

ProcessWorker::~ProcessWorker() {
  *self_ = nullptr;
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
  if (result.arrived && pid_ == 0 && received.sender.pid > 0) {
    process_ = platform::open_process(received.sender.pid);
    pid_ = received.sender.pid;
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
  talked_ = true;  // until its answer says that it did not
  std::optional<Ahead> ahead;
  if (!ahead_.empty()) {
    ahead = ahead_.front();
    ahead_.pop_front();
  }
  log_->begin_invocation(call.request_id);
  const TimePoint deadline = timeout < Duration(0) ? TimePoint::max() : Clock::now() + timeout;
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
  log_->begin_invocation({});
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
  if (aborted_ && aborted_out_of_memory_) co_return out_of_memory();
  std::string how = "closed its channel";
  if (aborted_)
    how = "died: aborted";
  else if (exit)
    how = (exit->signal == 0 ? "ended: " : "died: ") + platform::describe(*exit);
  co_return Outcome::failure(Outcome::Kind::crashed, "worker " + name_ + " " + how,
                             "its log lines come before this one; the next call gets a new worker");
}

void ProcessWorker::kill() {
  if (process_) platform::kill_process(process_.get());
  if (!settings_.own_pid_namespace && pid_ != 0) platform::kill_group(pid_);
}

void ProcessWorker::ended(platform::ExitStatus status) {
  if (exit_) return;
  exit_ = status;
  wake_soon();  // something it started may hold the other end of the channel open
  if (!settings_.own_pid_namespace && pid_ != 0) platform::kill_group(pid_);
  ended_timer_.cancel();
}

Task<std::optional<platform::ExitStatus>> ProcessWorker::wait_ended() {
  if (!exit_) {
    ErrorCode ignored;
    ended_timer_.expires_after(std::chrono::seconds(1));
    co_await ended_timer_.async_wait(asio::redirect_error(UseTask(), ignored));
  }
  co_return exit_;
}

}  // namespace coffees
