// How answers come from a worker, and what makes one of them good.
#include <algorithm>
#include <array>

#include "base/field_syntax.h"
#include "diagnostics/diagnostics.h"
#include "planted_bug.h"
#include "platform/channel.h"
#include "refusals.h"
#include "worker/process_worker.h"

namespace coffees {

using platform::ReceiveState;

// Reads one packet from the channel into packet_buffer(). Returns false when there is none; then the channel
// is watched again.
bool ProcessWorker::receive_packet(platform::Received& received) {
  const std::span<char> buffer = packet_buffer();
  received = platform::receive_message(channel_.native_handle(), std::span(&buffer, 1));
  if (received.state != ReceiveState::would_block) return true;
  if (channel_event_) watch_channel();
  return false;
}

// Packets that are no answer; anything else is left to the caller.
std::optional<Outcome> ProcessWorker::look_at(const wire::Packet& packet) {
  if (packet.header.kind == wire::Kind::bell) {
    // At most one for every answer: a worker that rings for nothing would keep the loop busy.
    if (++counts_.bells > counts_.answers + 1) return protocol_error("more bells than answers");
    watch_channel();
  } else if (packet.header.kind == wire::Kind::abort_notice && !abort_notice_) {
    take_abort_notice(packet.meta);
  } else {
    return protocol_error("a packet that does not answer this request");
  }
  return std::nullopt;
}

Task<Outcome> ProcessWorker::receive_answer() {
  bool anything_read = false;
  while (true) {
    wire::Packet packet;
    std::size_t size = 0;
    platform::Received received;
    const bool by_mail = box.answered(awaited);
    if (!by_mail && (turn_.expired || turn_.cancelled))
      co_return interrupted(turn_.cancelled ? Wake::cancelled : Wake::expired);
    if (by_mail) {
      ++counts_.answers;
      size = box.copy_answer(awaited, packet_buffer());
    } else if (!kept_.empty()) {
      size = kept_.copy(packet_buffer().data(), packet_buffer().size());
      kept_.clear();
    } else if (channel_event_ || ended_) {
      // Its end may be known before the loop has told of what it sent last.
      if (!receive_packet(received)) {
        if (!ended_) continue;
        if (!turn_.by_channel && !box.begun(awaited)) turn_.delivery = Delivery::not_started;
        co_return co_await died();
      }
      if (received.state != ReceiveState::message) {
        if (box.answered(awaited)) continue;  // answered, and ended since
        // Whether a handler can have seen it: for the channel the kernel knows what was left unread.
        if (turn_.by_channel ? received.state == ReceiveState::reset && !anything_read : !box.begun(awaited))
          turn_.delivery = Delivery::not_started;
        co_return co_await died();
      }
      if (received.truncated) co_return protocol_error("a packet that is too long");
      size = received.size;
    } else {
      co_await wait();
      continue;
    }
    anything_read = true;
    if (!wire::parse({packet_buffer().data(), size}, packet))
      co_return protocol_error("a packet that cannot be read");
    if (packet.header.kind != wire::Kind::response) {
      // The mailbox holds it for as long as it is looked at: what is no answer would be read for ever.
      if (by_mail) co_return protocol_error("a mailbox packet that is not an answer");
      if (std::optional<Outcome> trouble = look_at(packet)) co_return std::move(*trouble);
      continue;
    }
    if (packet.header.invocation != turn_.invocation && !planted("wrong-answer")) {
      // Since the look at the mailbox it may have answered there, and the next one by the channel.
      if (by_mail || !box.answered(awaited) || unstarted_.empty() ||
          packet.header.invocation != unstarted_.front()->posted.invocation)
        co_return protocol_error("an answer to another request");
      kept_.assign(packet_buffer().data(), size);
      continue;
    }
    if (packet.header.body_size > settings_.max_body) co_return answer_too_large(packet.header.body_size);
    Outcome outcome;
    if (!accept_response(packet, outcome))
      co_return protocol_error("an answer whose parts do not fit together");
    turn_.answered = true;
    const std::size_t arrived = packet.body.size();
    if (size > kSmallAnswer) hold(outcome, size);
    if (arrived < packet.header.body_size) {
      std::optional<Outcome> failed = co_await receive_rest(outcome, arrived, packet.header.body_size);
      turn_.answered = !failed;
      if (failed) co_return std::move(*failed);
    }
    co_return outcome;
  }
}

Outcome ProcessWorker::answer_too_large(std::uint64_t size) const {
  return Outcome::failure(Outcome::Kind::response_too_large,
                          settings_.function + " answered with " + std::to_string(size) +
                              " bytes; the limit is " + std::to_string(settings_.max_body),
                          "raise `max_body` of [server], or answer with less");
}

// Charges the budget with `bytes` of this answer. If there is no room for them, the answer becomes one that
// says so, with nothing left of the other: its outcome is `over_budget` then.
void ProcessWorker::hold(Outcome& outcome, std::size_t bytes) const {
  if (outcome.kind == Outcome::Kind::over_budget) return;
  if (outcome.memory.bytes() == 0) outcome.memory = MemoryCharge(settings_.budget);
  if (outcome.memory.hold(bytes)) return;
  diagnostics::warn_seldom(diagnostics::Room::worker, "memory budget", diagnostics::kOverBudget);
  Outcome refused = refused_over_budget(settings_.function);
  refused.usage = outcome.usage;
  outcome = std::move(refused);
}

bool ProcessWorker::accept_response(const wire::Packet& packet, Outcome& outcome) {
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
                    .left_children = (meta.flags & wire::ResponseMeta::kLeftChildren) != 0,
                    .unfit = (meta.flags & wire::ResponseMeta::kUnfit) != 0};
  turn_.printed = (meta.flags & wire::ResponseMeta::kLogged) != 0;
  if ((meta.flags & wire::ResponseMeta::kBarrier) != 0) turn_.alone = true;
  switch (meta.result) {
    case wire::Result::ok: {
      const FieldCheck fields = check_fields(headers);
      if (!fields.well_formed) return false;
      outcome.usage = usage;
      if (!fields.forbidden.empty()) {
        outcome.kind = Outcome::Kind::handler_error;
        outcome.message =
            "the handler's answer has a header field that HTTP does not allow: " + fields.forbidden;
      }
      if (meta.status < 200 || meta.status > 599) {
        outcome.kind = Outcome::Kind::handler_error;
        outcome.message = "the handler answered with status " + std::to_string(meta.status) +
                          "; those of a final answer are 200 to 599";
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
      outcome = out_of_memory();
      outcome.usage = usage;
      return packet.header.body_size == 0;
  }
  return false;
}

// Straight into the body. Every piece but the last is as large as it can be, so a worker cannot keep the loop
// busy with crumbs. The budget is charged with the whole at once, for the worker has it; memory is touched as
// it arrives. What there is no budget for is read all the same, so that the worker can go on.
Task<std::optional<Outcome>> ProcessWorker::receive_rest(Outcome& outcome, std::size_t arrived,
                                                         std::uint64_t size) {
  wire::PacketHeader header;
  hold(outcome, outcome.headers.size() + size);
  const bool kept = outcome.kind != Outcome::Kind::over_budget;
  if (kept) outcome.body.reserve(size + sizeof(wire::AbortNotice));
  while (arrived < size) {
    const std::size_t piece = std::min<std::size_t>(size - arrived, wire::kMaxPacket - sizeof header);
    // What comes in its place may be longer: the worker's abort notice.
    const std::size_t room = std::max(piece, sizeof(wire::AbortNotice));
    const std::span<char> into = kept ? std::span(outcome.body.room(), room) : packet_buffer().first(room);
    const std::array<std::span<char>, 2> buffers{platform::writable_bytes_of(header), into};
    const platform::Received received = platform::receive_message(channel_.native_handle(), buffers);
    if (received.state == ReceiveState::would_block && !ended_) {
      if (channel_event_) watch_channel();
      const Wake wake = co_await wait();
      if (wake != Wake::ready) co_return interrupted(wake);
      continue;
    }
    if (received.state != ReceiveState::message) co_return co_await died();
    if (received.size == sizeof header && header.kind == wire::Kind::bell) {
      // Rung for an earlier answer: what was meant for the body is still to come.
      if (++counts_.bells > counts_.answers + 1) co_return protocol_error("more bells than answers");
      continue;
    }
    if (received.size >= sizeof header && header.kind == wire::Kind::abort_notice) {
      take_abort_notice({into.data(), received.size - sizeof header});
      co_return co_await died();
    }
    if (received.truncated || received.size != sizeof header + piece || header.magic != wire::kMagic ||
        header.kind != wire::Kind::data || header.invocation != turn_.invocation)
      co_return protocol_error("a piece of an answer that does not belong to it");
    if (kept) outcome.body.filled(piece);
    arrived += piece;
  }
  co_return std::nullopt;
}

}  // namespace coffees
