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
                             LogSink& sink)
    : settings_(settings),
      name_(settings.function + "#" + std::to_string(number)),
      channel_(executor, channel.release()),
      log_(std::make_shared<LogPipe>(executor, deadlines, std::move(log),
                                     LogOrigin{name_, settings.index, number}, sink)),
      ended_timer_(executor),
      deadline_(deadlines, [this] {
        expired_ = true;
        channel_.cancel();
      }) {
  log_->start();
}

ProcessWorker::~ProcessWorker() {
  if (on_destruction_) on_destruction_();
  log_->close();
}

Task<ProcessWorker::Wake> ProcessWorker::wait(Descriptor::wait_type what) {
  ErrorCode error;
  if (!expired_ && !cancelled_) co_await channel_.async_wait(what, asio::redirect_error(UseTask(), error));
  if (cancelled_) co_return Wake::cancelled;
  co_return expired_ ? Wake::expired : Wake::ready;
}

Task<ProcessWorker::StartPacket> ProcessWorker::receive_start_packet(TimePoint deadline) {
  StartPacket result;
  expired_ = false;
  deadline_.arm(deadline);
  const Wake wake = co_await wait(Descriptor::wait_read);
  deadline_.disarm();
  if (wake != Wake::ready) {
    result.expired = true;
    co_return result;
  }
  const platform::Received received =
      platform::receive_with_descriptors(channel_.native_handle(), packet_buffer());
  result.arrived = received.state == ReceiveState::message && !received.truncated &&
                   wire::parse({packet_buffer().data(), received.size}, result.packet);
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
  ++invocation_;
  log_->begin_invocation(call.request_id);
  const TimePoint deadline = timeout < Duration(0) ? TimePoint::max() : Clock::now() + timeout;
  if (timeout >= Duration(0)) deadline_.arm(deadline);
  if (call.cancellation != nullptr)
    call.cancellation->on_request([this] {
      cancelled_ = true;
      channel_.cancel();
    });

  std::optional<Outcome> failed = co_await send_request(call, deadline, cold, undelivered);
  Outcome outcome;
  if (failed)
    outcome = std::move(*failed);
  else
    outcome = co_await receive_answer(undelivered);

  deadline_.disarm();
  if (call.cancellation != nullptr) call.cancellation->on_request({});
  log_->end_invocation();
  log_->begin_invocation({});
  ++served_;
  co_return outcome;
}

Task<std::optional<Outcome>> ProcessWorker::send_request(const Invocation& call, TimePoint deadline,
                                                         bool cold, bool& undelivered) {
  static std::string head;  // reused: the loop is a single thread, and it is sent before the next wait
  const wire::RequestMeta meta{.deadline = deadline.time_since_epoch().count(),
                               .served = served_,
                               .pid = pid_,
                               .cold = cold ? 1U : 0U,
                               .request_id_size = static_cast<std::uint32_t>(call.request_id.size()),
                               .method_size = static_cast<std::uint32_t>(call.method.size()),
                               .path_size = static_cast<std::uint32_t>(call.path.size()),
                               .query_size = static_cast<std::uint32_t>(call.query.size()),
                               .headers_size = static_cast<std::uint32_t>(call.headers.size())};
  wire::PacketHeader header{
      .kind = wire::Kind::request, .invocation = invocation_, .body_size = call.body.size()};
  std::size_t sent = 0;
  bool first = true;
  while (first || sent < call.body.size()) {
    head.clear();
    if (first) {
      wire::append_head(head, header, meta,
                        call.request_id.size() + call.method.size() + call.path.size() + call.query.size() +
                            call.headers.size());
      head.append(call.request_id)
          .append(call.method)
          .append(call.path)
          .append(call.query)
          .append(call.headers);
      if (head.size() > wire::kMaxPacket)
        throw std::logic_error("the front admits a request head that no packet holds");
    } else {
      header.kind = wire::Kind::data;
      head.append(platform::bytes_of(header));
    }
    const std::string_view piece = call.body.substr(sent, wire::kMaxPacket - head.size());
    const std::array<std::string_view, 2> parts{head, piece};
    switch (platform::send_message(channel_.native_handle(), parts)) {
      case SendState::sent:
        sent += piece.size();
        first = false;
        break;
      case SendState::would_block: {
        const Wake wake = co_await wait(Descriptor::wait_write);
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

Task<Outcome> ProcessWorker::receive_answer(bool& undelivered) {
  bool anything_read = false;
  while (true) {
    const Wake wake = co_await wait(Descriptor::wait_read);
    if (wake != Wake::ready) co_return interrupted(wake);
    const std::span<char> buffer = packet_buffer();
    const platform::Received received =
        platform::receive_message(channel_.native_handle(), std::span(&buffer, 1));
    if (received.state == ReceiveState::would_block && !exit_) continue;
    if (received.state != ReceiveState::message) {
      // The kernel says that some of the request was still unread when the process ended: its handler never
      // saw it.
      undelivered = received.state == ReceiveState::reset && !anything_read;
      co_return co_await died();
    }
    anything_read = true;
    wire::Packet packet;
    if (received.truncated || !wire::parse({buffer.data(), received.size}, packet))
      co_return nonsense("a packet that cannot be read");
    if (packet.header.kind == wire::Kind::aborted && !aborted_) {
      aborted_ = true;
      std::uint32_t out_of_memory_flag = 0;
      aborted_out_of_memory_ = wire::take_meta(packet.meta, out_of_memory_flag) && out_of_memory_flag != 0;
      continue;
    }
    if (packet.header.kind != wire::Kind::response || packet.header.invocation != invocation_)
      co_return nonsense("a packet that is no answer to this request");
    if (packet.header.body_size > settings_.max_body)
      co_return Outcome::failure(Outcome::Kind::response_too_large,
                                 settings_.function + " answered with " +
                                     std::to_string(packet.header.body_size) + " bytes; the limit is " +
                                     std::to_string(settings_.max_body),
                                 "raise `max_body` of [server], or answer with less");
    Outcome outcome;
    if (!accept_response(packet, outcome)) co_return nonsense("an answer whose parts do not fit together");
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
                    .peak_rss = meta.peak_rss};
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
      const Wake wake = co_await wait(Descriptor::wait_read);
      if (wake != Wake::ready) co_return interrupted(wake);
      continue;
    }
    if (received.state != ReceiveState::message) co_return co_await died();
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
  channel_.cancel();  // something it started may hold the other end open
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
