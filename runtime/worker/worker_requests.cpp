// How requests go to a worker: now, or behind the one that runs.
#include <array>
#include <stdexcept>

#include "platform/channel.h"
#include "worker/worker.h"

namespace coffees {

using platform::ReceiveState;
using platform::SendState;

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
        (packet.header.kind != wire::Kind::bell && packet.header.kind != wire::Kind::last_words))
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
                               .pid = pid(),
                               .cold = cold ? 1U : 0U,
                               .request_id_size = static_cast<std::uint32_t>(call.request_id.size()),
                               .method_size = static_cast<std::uint32_t>(call.method.size()),
                               .path_size = static_cast<std::uint32_t>(call.path.size()),
                               .query_size = static_cast<std::uint32_t>(call.query.size()),
                               .headers_size = static_cast<std::uint32_t>(call.headers.size()),
                               .client_size = static_cast<std::uint32_t>(call.client.size())};
  const wire::PacketHeader header{
      .kind = wire::Kind::request, .invocation = last_invocation_, .body_size = call.body.size()};
  head.clear();
  wire::append_head(head, header, meta,
                    call.request_id.size() + call.method.size() + call.path.size() + call.query.size() +
                        call.client.size() + call.headers.size());
  head.append(call.request_id).append(call.method).append(call.path).append(call.query);
  head.append(call.client).append(call.headers);
  if (head.size() > wire::kMaxPacket)
    throw std::logic_error("the front admits a request head that no packet holds");
  return head;
}

// What is posted ahead is small and cannot be cancelled: it is either done in a moment or taken back.
bool ProcessWorker::post_ahead(const Invocation& call, Duration timeout) {
  if (!running_ || by_channel_ || exit_ || last_words_ || call.cancellation != nullptr) return false;
  if (!ahead_.empty() && ahead_.back().taken_back) return false;
  const TimePoint deadline = timeout < Duration(0) ? TimePoint::max() : timers_.now() + timeout;
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

}  // namespace coffees
