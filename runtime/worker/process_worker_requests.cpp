// ProcessWorker: how requests go to a worker, now or behind the one that runs.
#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "planted_bug.h"
#include "platform/channel.h"
#include "worker/process_worker.h"

namespace coffees {

using platform::ReceiveState;
using platform::SendState;

namespace {

std::size_t size_of_texts(const Invocation& call) {
  return call.request_id.size() + call.method.size() + call.path.size() + call.query.size() +
         call.client.size() + call.headers.size();
}

}  // namespace

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
        (packet.header.kind != wire::Kind::bell && packet.header.kind != wire::Kind::abort_notice))
      return protocol_error("an unsolicited packet");
    if (std::optional<Outcome> trouble = look_at(packet)) return trouble;
  }
  return std::nullopt;
}

// `meta` has the caller's part. Valid until the next call: the loop is a single thread, and the request is
// sent before the next wait.
std::string_view ProcessWorker::write_request_head(const Invocation& call, wire::RequestMeta meta,
                                                   std::uint64_t invocation) {
  static std::string head;
  meta.pid = pid();
  meta.request_id_size = static_cast<std::uint32_t>(call.request_id.size());
  meta.method_size = static_cast<std::uint32_t>(call.method.size());
  meta.path_size = static_cast<std::uint32_t>(call.path.size());
  meta.query_size = static_cast<std::uint32_t>(call.query.size());
  meta.headers_size = static_cast<std::uint32_t>(call.headers.size());
  meta.client_size = static_cast<std::uint32_t>(call.client.size());
  const wire::PacketHeader header{
      .kind = wire::Kind::request, .invocation = invocation, .body_size = call.body.size()};
  head.clear();
  wire::append_head(head, header, meta, size_of_texts(call));
  head.append(call.request_id).append(call.method).append(call.path).append(call.query);
  head.append(call.client).append(call.headers);
  if (head.size() > wire::kMaxPacket)
    throw std::logic_error("the front admits a request head that no packet holds");
  return head;
}

// Pipelined requests are small and cannot be cancelled: each is done in a moment, or revoked.
bool ProcessWorker::can_pipeline(const Invocation& call) const {
  if (!turn_.running || turn_.by_channel || ended_ || abort_notice_ || call.cancellation != nullptr)
    return false;
  if (turn_.alone && !planted("late-post")) return false;
  return box.has_room(sizeof(wire::PacketHeader) + sizeof(wire::RequestMeta) + size_of_texts(call) +
                      call.body.size());
}

// Posts the request behind those that the worker has. Returns nothing if it is revoked before its turn.
Task<std::optional<ProcessWorker::Posted>> ProcessWorker::wait_for_turn(const Invocation& call,
                                                                        Duration timeout) {
  Slot slot(channel_.get_executor());
  slot.posted.invocation = ++counts_.invocations;
  // The worker knows when it begins: its handler's deadline counts from there.
  const wire::RequestMeta meta{.deadline = TimePoint::max().time_since_epoch().count(),
                               .timeout = std::max(timeout, Duration(0)).count(),
                               .served = counts_.served + 1 + unstarted_.size()};
  const std::string_view head = write_request_head(call, meta, slot.posted.invocation);
  const std::array<std::string_view, 2> parts{head, call.body};
  slot.posted.mail = box.post(parts);
  unstarted_.push_back(&slot);
  // If it is abandoned while it waits (the loop is being torn down), no pointer to it may stay.
  struct Leave {
    std::deque<Slot*>& all;
    Slot* slot;
    ~Leave() { std::erase(all, slot); }
  } const leave{unstarted_, &slot};
  co_await slot.turn.wait();
  std::optional<Posted> posted;
  if (!slot.revoked) posted = slot.posted;
  co_return posted;
}

// In a loop rather than one within the other: an answer may be there already, and then its release calls
// this again.
void ProcessWorker::begin_next() {
  if (std::exchange(beginning_next_, true)) return;
  const std::shared_ptr<ProcessWorker*> self = self_;
  while (*self != nullptr && !turn_.running && !unstarted_.empty()) {
    Slot* next = unstarted_.front();
    unstarted_.pop_front();
    next->turn.open();
  }
  if (*self != nullptr) beginning_next_ = false;
}

void ProcessWorker::revoke_unstarted() {
  if (unstarted_.empty()) return;
  // What is revoked goes back to the pool within this call, and the pool looks for a worker at once: not this
  // one.
  turn_.alone = true;
  const std::size_t count = std::min<std::size_t>(box.revoke(awaited), unstarted_.size());
  const std::vector<Slot*> revoked(unstarted_.end() - static_cast<std::ptrdiff_t>(count), unstarted_.end());
  unstarted_.resize(unstarted_.size() - count);
  for (Slot* slot : revoked) {
    slot->revoked = true;
    if (!planted("lost-revocation")) slot->turn.open();
  }
}

// What is in the pipe may come from an invocation whose turn it is only when the answer to the one before has
// been looked at. Returns true when that cannot be: the worker has been given nothing behind the one that the
// log thinks it runs. Otherwise what it has not begun is revoked, and an answer that is there is looked at.
// Both give other requests a chance, which may be posted here and print before this returns: the caller asks
// once more.
bool ProcessWorker::before_log_is_read() {
  if (unstarted_.empty()) return true;
  const std::shared_ptr<ProcessWorker*> self = self_;
  revoke_unstarted();
  if (*self != nullptr && turn_.running && box.answered(awaited)) {
    poller_.forget(*this);
    wake();
  }
  return false;
}

Task<std::optional<Outcome>> ProcessWorker::send_request(const Invocation& call, bool cold) {
  bool dead = false;
  std::optional<Outcome> trouble = check_idle_channel(dead);
  // Whatever it is, it has nothing to do with this request: another worker may have it.
  if (trouble || dead || ended_) turn_.delivery = Delivery::not_started;
  if (trouble) co_return std::move(*trouble);
  if (dead || ended_) co_return co_await died();
  const wire::RequestMeta meta{.deadline = turn_.deadline.time_since_epoch().count(),
                               .served = counts_.served,
                               .cold = cold ? 1U : 0U};
  const std::string_view head = write_request_head(call, meta, turn_.invocation);
  turn_.by_channel = !box.has_room(head.size() + call.body.size());
  if (turn_.by_channel) {
    awaited = box.post({});
    poller_.expect(*this);
    co_return co_await send_packets(head, call.body);
  }
  const std::array<std::string_view, 2> parts{head, call.body};
  awaited = box.post(parts);
  poller_.expect(*this);
  co_return std::nullopt;
}

// The first packet has the head and as much of the body as fits, the others the rest. `head` is sent before
// the first wait, or copied.
Task<std::optional<Outcome>> ProcessWorker::send_packets(std::string_view head, std::string_view body) {
  const std::string first_head(head);
  const wire::PacketHeader more{
      .kind = wire::Kind::data, .invocation = turn_.invocation, .body_size = body.size()};
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
        if (ended_) {
          // What it started may hold the other end, and never read.
          turn_.delivery = Delivery::not_started;
          co_return co_await died();
        }
        break;
      }
      case SendState::closed:
        // Not even the whole request could be handed over, and a worker calls its handler with whole requests
        // only.
        turn_.delivery = Delivery::not_started;
        co_return co_await died();
    }
  }
  co_return std::nullopt;
}

}  // namespace coffees
