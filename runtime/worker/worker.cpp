#include "worker/worker.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "field_syntax.h"
#include "header_block.h"
#include "platform/channel.h"

namespace coffees {
namespace {

using platform::ReceiveState;
using platform::SendState;

// One buffer for all workers: the loop is a single thread, and a packet is used up before the next wait.
std::span<char> packet_buffer() {
  static std::array<char, wire::kMaxPacket> buffer;
  return buffer;
}

std::string format_duration(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g s", seconds);
  return text.data();
}

std::string format_memory(std::uint64_t bytes) {
  return bytes % (1 << 20) == 0 ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes) + " bytes";
}

Outcome out_of_memory(const ProcessSettings& settings) {
  return Outcome::failure(
      Outcome::Kind::out_of_memory,
      settings.function + " ran out of memory: its limit is " + format_memory(settings.memory),
      "raise `memory` of [functions." + settings.function + "]");
}

}  // namespace

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

// What came on the channel while nothing was asked of the worker: a bell for an answer that was found without
// it, or the worker's end (`dead`), or nonsense.
std::optional<Outcome> ProcessWorker::check_idle_channel(bool& dead) {
  while (channel_event_) {
    platform::Received received;
    if (!receive_packet(received)) break;
    if (received.state != ReceiveState::message) {
      dead = true;
      break;
    }
    wire::Packet packet;
    if (received.truncated || !wire::parse({packet_buffer().data(), received.size}, packet) ||
        packet.header.kind != wire::Kind::bell)
      return nonsense("a packet that nobody had asked for");
    if (std::optional<Outcome> trouble = look_at(packet)) return trouble;
  }
  return std::nullopt;
}

// Valid until the next call: the loop is a single thread, and the request is sent before the next wait.
std::string_view ProcessWorker::write_request_head(const Invocation& call, TimePoint deadline, bool cold,
                                                   std::uint64_t served) {
  static std::string head;
  const wire::RequestMeta meta{.deadline = deadline.time_since_epoch().count(),
                               .served = served,
                               .pid = pid_,
                               .cold = cold ? 1U : 0U,
                               .request_id_size = static_cast<std::uint32_t>(call.request_id.size()),
                               .method_size = static_cast<std::uint32_t>(call.method.size()),
                               .path_size = static_cast<std::uint32_t>(call.path.size()),
                               .query_size = static_cast<std::uint32_t>(call.query.size()),
                               .headers_size = static_cast<std::uint32_t>(call.headers.size())};
  const wire::PacketHeader header{
      .kind = wire::Kind::request, .invocation = last_invocation_, .body_size = call.body.size()};
  head.clear();
  wire::append_head(head, header, meta,
                    call.request_id.size() + call.method.size() + call.path.size() + call.query.size() +
                        call.headers.size());
  head.append(call.request_id).append(call.method).append(call.path).append(call.query).append(call.headers);
  if (head.size() > wire::kMaxPacket)
    throw std::logic_error("the front admits a request head that no packet holds");
  return head;
}

// What is posted ahead is small, wants no answer by the channel and cannot be cancelled: it is either done in
// a moment or taken back.
bool ProcessWorker::post_ahead(const Invocation& call, Duration timeout) {
  if (!running_ || by_channel_ || exit_ || aborted_ || call.cancellation != nullptr) return false;
  if (!ahead_.empty() && ahead_.back().taken_back) return false;
  const TimePoint deadline = timeout < Duration(0) ? TimePoint::max() : Clock::now() + timeout;
  ++last_invocation_;
  const std::string_view head = write_request_head(call, deadline, false, served_ + 1 + ahead_.size());
  if (!mail_.box.has_room(head.size() + call.body.size())) {
    --last_invocation_;
    return false;
  }
  const std::array<std::string_view, 2> parts{head, call.body};
  ahead_.push_back({.number = mail_.box.post(parts), .invocation = last_invocation_});
  return true;
}

void ProcessWorker::take_back_posted() {
  if (ahead_.empty() || ahead_.front().taken_back) return;
  std::uint32_t count = mail_.box.take_back(mail_.number);
  for (auto last = ahead_.rbegin(); last != ahead_.rend() && count > 0; ++last) {
    if (last->taken_back) continue;
    last->taken_back = true;
    --count;
  }
}

std::size_t ProcessWorker::take_back() {
  take_back_posted();
  std::size_t count = 0;
  while (!ahead_.empty() && ahead_.back().taken_back) {
    ahead_.pop_back();
    ++count;
  }
  return count;
}

// What is in the pipe may come from an invocation whose turn it is only when the answer to the one before has
// been looked at. After this the worker runs none but the one that the log thinks it does, and begins no
// other.
void ProcessWorker::before_log_is_read() {
  if (ahead_.empty()) return;
  take_back_posted();
  if (mail_.box.answered(mail_.number)) {
    room_.forget(*this);
    wake();
  }
}

Task<std::optional<Outcome>> ProcessWorker::send_request(const Invocation& call, TimePoint deadline,
                                                         bool cold, bool& undelivered) {
  bool dead = false;
  std::optional<Outcome> trouble = check_idle_channel(dead);
  // Whatever it is, it has nothing to do with this request: another worker may have it.
  undelivered = trouble || dead || exit_;
  if (trouble) co_return std::move(*trouble);
  if (undelivered) co_return co_await died();
  const std::string_view head = write_request_head(call, deadline, cold, served_);
  by_channel_ = !mail_.box.has_room(head.size() + call.body.size());
  if (by_channel_) {
    mail_.number = mail_.box.post({});
    room_.expect(*this);
    co_return co_await send_packets(head, call.body, undelivered);
  }
  const std::array<std::string_view, 2> parts{head, call.body};
  mail_.number = mail_.box.post(parts);
  room_.expect(*this);
  co_return std::nullopt;
}

// The first packet has the head and as much of the body as fits, the others the rest. `head` is sent before
// the first wait, or copied.
Task<std::optional<Outcome>> ProcessWorker::send_packets(std::string_view head, std::string_view body,
                                                         bool& undelivered) {
  const std::string first_head(head);
  const wire::PacketHeader more{
      .kind = wire::Kind::data, .invocation = invocation_, .body_size = body.size()};
  std::size_t sent = 0;
  bool first = true;
  while (first || sent < body.size()) {
    const std::string_view start = first ? std::string_view(first_head) : platform::bytes_of(more);
    const std::string_view piece = body.substr(sent, wire::kMaxPacket - start.size());
    const std::array<std::string_view, 2> parts{start, piece};
    switch (platform::send_message(channel_.native_handle(), parts)) {
      case SendState::sent:
        sent += piece.size();
        first = false;
        break;
      case SendState::would_block: {
        const Wake wake = co_await wait_until_writable();
        if (wake != Wake::ready) co_return interrupted(wake);
        break;
      }
      case SendState::closed:
        // Not even the whole request could be handed over, and a worker calls its handler with whole requests
        // only.
        undelivered = true;
        co_return co_await died();
    }
  }
  co_return std::nullopt;
}

// Reads one packet from the channel into packet_buffer(). Returns false when there is none; then the channel
// is watched again.
bool ProcessWorker::receive_packet(platform::Received& received) {
  const std::span<char> buffer = packet_buffer();
  received = platform::receive_message(channel_.native_handle(), std::span(&buffer, 1));
  if (received.state != ReceiveState::would_block) return true;
  watch_channel();
  return false;
}

// Packets that are no answer; anything else is left to the caller.
std::optional<Outcome> ProcessWorker::look_at(const wire::Packet& packet) {
  if (packet.header.kind == wire::Kind::bell) {
    // At most one for every answer: a worker that rings for nothing would keep the loop busy.
    if (++bells_ > answers_ + 1) return nonsense("more bells than answers");
    watch_channel();
  } else if (packet.header.kind == wire::Kind::aborted && !aborted_) {
    aborted_ = true;
    std::uint32_t flag = 0;
    std::string_view meta = packet.meta;
    aborted_out_of_memory_ = wire::take_meta(meta, flag) && flag != 0;
  } else {
    return nonsense("a packet that is no answer to this request");
  }
  return std::nullopt;
}

Task<Outcome> ProcessWorker::receive_answer(bool& undelivered) {
  bool anything_read = false;
  while (true) {
    wire::Packet packet;
    std::size_t size = 0;
    platform::Received received;
    const bool by_mail = mail_.box.answered(mail_.number);
    if (!by_mail && (expired_ || cancelled_))
      co_return interrupted(cancelled_ ? Wake::cancelled : Wake::expired);
    if (by_mail) {
      ++answers_;
      size = mail_.box.copy_answer(mail_.number, packet_buffer());
    } else if (!kept_.empty()) {
      size = kept_.copy(packet_buffer().data(), packet_buffer().size());
      kept_.clear();
    } else if (channel_event_) {
      if (!receive_packet(received)) continue;
      if (received.state != ReceiveState::message) {
        if (mail_.box.answered(mail_.number)) continue;  // answered, and ended since
        // Whether a handler can have seen it: for the channel the kernel knows what was left unread.
        undelivered = by_channel_ ? received.state == ReceiveState::reset && !anything_read
                                  : !mail_.box.taken(mail_.number);
        co_return co_await died();
      }
      if (received.truncated) co_return nonsense("a packet that is too long");
      size = received.size;
    } else if (exit_) {
      undelivered = !by_channel_ && !mail_.box.taken(mail_.number);
      co_return co_await died();
    } else {
      co_await wait();
      continue;
    }
    anything_read = true;
    if (!wire::parse({packet_buffer().data(), size}, packet))
      co_return nonsense("a packet that cannot be read");
    if (packet.header.kind != wire::Kind::response) {
      // The mailbox holds it for as long as it is looked at: what is no answer would be read for ever.
      if (by_mail) co_return nonsense("mail that is no answer");
      if (std::optional<Outcome> trouble = look_at(packet)) co_return std::move(*trouble);
      continue;
    }
    if (packet.header.invocation != invocation_) {
      // Since the look at the mailbox it may have answered there, and the next one by the channel.
      if (by_mail || !mail_.box.answered(mail_.number) || ahead_.empty() ||
          packet.header.invocation != ahead_.front().invocation)
        co_return nonsense("an answer to another request");
      kept_.assign(packet_buffer().data(), size);
      continue;
    }
    if (packet.header.body_size > settings_.max_body)
      co_return Outcome::failure(Outcome::Kind::response_too_large,
                                 settings_.function + " answered with " +
                                     std::to_string(packet.header.body_size) + " bytes; the limit is " +
                                     std::to_string(settings_.max_body),
                                 "raise `max_body` of [server], or answer with less");
    Outcome outcome;
    if (!accept_response(packet, outcome)) co_return nonsense("an answer whose parts do not fit together");
    talked_ = outcome.usage.logged;
    if (outcome.body.size() < packet.header.body_size) {
      std::optional<Outcome> failed = co_await receive_rest(outcome, packet.header.body_size);
      if (failed) co_return std::move(*failed);
    }
    co_return outcome;
  }
}

bool ProcessWorker::accept_response(const wire::Packet& packet, Outcome& outcome) const {
  std::string_view texts = packet.meta;
  wire::ResponseMeta meta;
  std::string_view headers;
  std::string_view type;
  std::string_view message;
  if (!wire::take_meta(texts, meta) || !wire::take_text(texts, meta.headers_size, headers) ||
      !wire::take_text(texts, meta.error_type_size, type) ||
      !wire::take_text(texts, meta.error_message_size, message) || !texts.empty())
    return false;
  const Usage usage{.cpu = std::chrono::nanoseconds(std::max<std::int64_t>(meta.cpu_nanoseconds, 0)),
                    .peak_rss = meta.peak_rss,
                    .waited = meta.waits != 0,
                    .ran = std::chrono::nanoseconds(meta.ran_nanoseconds),
                    .logged = (meta.flags & wire::ResponseMeta::kLogged) != 0,
                    .held = (meta.flags & wire::ResponseMeta::kHeld) != 0};
  switch (meta.result) {
    case wire::Result::ok: {
      if (meta.status < 200 || meta.status > 599) return false;
      const FieldCheck fields = check_fields(headers);
      if (!fields.well_formed) return false;
      outcome.usage = usage;
      if (!fields.forbidden.empty()) {
        outcome.kind = Outcome::Kind::handler_error;
        outcome.message =
            "the handler's answer has a header field that HTTP does not allow: " + fields.forbidden;
      }
      outcome.status = meta.status;
      outcome.headers = headers;
      outcome.body = packet.body;
      return true;
    }
    case wire::Result::error:
      outcome = Outcome::failure(Outcome::Kind::handler_error, std::string(message));
      outcome.type = type;
      outcome.usage = usage;
      return packet.header.body_size == 0;
    case wire::Result::out_of_memory:
      outcome = out_of_memory(settings_);
      outcome.usage = usage;
      return packet.header.body_size == 0;
  }
  return false;
}

// Straight into the body. Every piece but the last is as large as it can be, so a worker cannot keep the loop
// busy with crumbs; memory grows with what has arrived, not with what was announced.
Task<std::optional<Outcome>> ProcessWorker::receive_rest(Outcome& outcome, std::uint64_t size) {
  wire::PacketHeader header;
  std::size_t filled = outcome.body.size();
  while (filled < size) {
    const std::size_t piece = std::min<std::size_t>(size - filled, wire::kMaxPacket - sizeof header);
    outcome.body.resize(filled + piece);
    const std::array<std::span<char>, 2> buffers{platform::writable_bytes_of(header),
                                                 std::span(outcome.body.data() + filled, piece)};
    const platform::Received received = platform::receive_message(channel_.native_handle(), buffers);
    if (received.state == ReceiveState::would_block && !exit_) {
      if (channel_event_) watch_channel();
      const Wake wake = co_await wait();
      if (wake != Wake::ready) co_return interrupted(wake);
      continue;
    }
    if (received.state != ReceiveState::message) co_return co_await died();
    if (received.size == sizeof header && header.kind == wire::Kind::bell) {
      // Rung for an earlier answer: what was meant for the body is still to come.
      if (++bells_ > answers_ + 1) co_return nonsense("more bells than answers");
      continue;
    }
    if (received.size >= sizeof header && header.kind == wire::Kind::aborted) {
      aborted_ = true;
      co_return co_await died();
    }
    if (received.truncated || received.size != sizeof header + piece || header.magic != wire::kMagic ||
        header.kind != wire::Kind::data || header.invocation != invocation_)
      co_return nonsense("a piece of an answer that does not belong to it");
    filled += piece;
  }
  co_return std::nullopt;
}

Outcome ProcessWorker::interrupted(Wake why) const {
  if (why == Wake::cancelled)
    return Outcome::failure(Outcome::Kind::client_gone, "the client left; its worker was stopped");
  return Outcome::failure(Outcome::Kind::timeout,
                          settings_.function + " ran longer than its limit of " + format_duration(timeout_) +
                              "; its worker was stopped and the next call gets a new one",
                          "raise `timeout` of [functions." + settings_.function + "], or do less per call");
}

Outcome ProcessWorker::nonsense(const char* what) const {
  return Outcome::failure(Outcome::Kind::protocol_error, name_ + " sent " + what,
                          "does the handler write to descriptor 3? It belongs to the runtime");
}

Task<Outcome> ProcessWorker::died() {
  const std::optional<platform::ExitStatus> exit = co_await wait_ended();
  if (!exit) kill();  // closed its channel but lives on
  if (aborted_ && aborted_out_of_memory_) co_return out_of_memory(settings_);
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
