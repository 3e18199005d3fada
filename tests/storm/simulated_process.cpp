#include "storm/simulated_process.h"

#include <unistd.h>

#include <array>

#include "platform/channel.h"
#include "storm/invariant.h"

namespace coffees::storm {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {
constexpr platform::ExitStatus kCrashed{.code = 0, .signal = 11};
constexpr platform::ExitStatus kKilled{.code = 0, .signal = 9};
}  // namespace

SimulatedProcess::SimulatedProcess(World& world, const FaultRates& faults, int pid,
                                   platform::UniqueFd channel, platform::UniqueFd log, int mail, int bell,
                                   End end)
    : world_(world),
      faults_(faults),
      pid_(pid),
      channel_(std::move(channel)),
      log_(std::move(log)),
      memory_(platform::SharedMemory::map(mail, sizeof(MailboxMemory))),
      mail_(static_cast<MailboxMemory*>(memory_.data())),
      bell_memory_(platform::SharedMemory::map(bell, MailboxMemory::kPage)),
      box_(mail, *static_cast<DoorbellMemory*>(bell_memory_.data())),
      end_(std::move(end)) {}

void SimulatedProcess::later(Duration time, void (SimulatedProcess::*action)()) {
  world_.after(time, [self = shared_from_this(), action] {
    if (self->alive_) ((*self).*action)();
  });
}

// What WorkerMailbox::receive() would not sleep for.
bool SimulatedProcess::can_take() const {
  const std::uint64_t line = mail_->requests.line.load();
  const auto posted = static_cast<std::uint32_t>(line >> 32);
  const auto taken = static_cast<std::uint32_t>(line);
  return posted != taken && (!barrier_ || mail_->requests.first.load() == taken + 1);
}

bool SimulatedProcess::look() {
  if (!alive_ || !idle_ || !can_take()) return false;
  idle_ = false;
  later(world_.random.between(microseconds(1), microseconds(200)), &SimulatedProcess::begin);
  return true;
}

void SimulatedProcess::begin() {
  if (!can_take()) {  // taken back meanwhile
    idle_ = true;
    return;
  }
  if (world_.random.chance(faults_.crash) && world_.random.chance(25)) return die(kCrashed);
  if (!read_request()) return die({.code = 0, .signal = 0});  // the dispatcher has closed the channel
  barrier_ = false;
  serve();
}

bool SimulatedProcess::read_request() {
  std::array<char, wire::kMaxPacket> buffer;
  const std::size_t size = box_.receive(buffer);
  request_.assign(buffer.data(), size);
  if (size == 0 && !read_channel()) return false;
  wire::Packet packet;
  if (!wire::parse(request_, packet)) return false;
  invocation_ = packet.header.invocation;
  body_.assign(packet.body);
  while (body_.size() < packet.header.body_size) {
    if (!read_channel() || !wire::parse(request_, packet)) return false;
    body_.append(packet.body);
  }
  return true;
}

// Requests of the storm fit into the channel's buffer: what was announced is there.
bool SimulatedProcess::read_channel() {
  request_.resize(wire::kMaxPacket);
  const std::span<char> into(request_);
  const platform::Received received = platform::receive_message(channel_.get(), std::span(&into, 1));
  request_.resize(received.size);
  return received.state == platform::ReceiveState::message;
}

void SimulatedProcess::serve() {
  Random& random = world_.random;
  require(world_.begun.insert(body_).second, "no handler gets a request twice", body_.substr(0, 40));
  // A trace stop, taken for an end: its parent's word alone is not believed.
  if (random.chance(faults_.unreported)) end_.reported(kCrashed);
  if (random.chance(faults_.deaf)) static_cast<DoorbellMemory*>(bell_memory_.data())->dispatcher_sleeps = 0;
  waited_ = random.chance(faults_.slow);
  error_ = random.chance(faults_.error);
  printed_ = random.chance(faults_.chatty);
  // Some are too large for a mailbox, or leave no room behind them.
  answer_ = body_ + std::string(random.chance(10) ? random.below(6000) : 0, 'm');
  if (printed_) {
    [[maybe_unused]] const ssize_t written = ::write(log_.get(), "hello\n", 6);
  }
  if (random.chance(faults_.hang)) return;
  if (random.chance(faults_.crash))
    return later(random.between(microseconds(1), milliseconds(2)), &SimulatedProcess::misbehave);
  const Duration time = waited_ ? random.between(milliseconds(1), milliseconds(150))
                                : random.between(microseconds(1), microseconds(random.chance(5) ? 900 : 30));
  cpu_ = waited_ ? microseconds(50) : time;
  later(time, &SimulatedProcess::done);
}

void SimulatedProcess::misbehave() {
  if (world_.random.chance(30)) answer(invocation_, answer_);  // and dies with the next thing that it does
  die(kCrashed);
}

void SimulatedProcess::done() {
  Random& random = world_.random;
  if (random.chance(faults_.nonsense)) {
    switch (random.below(3)) {
      case 0:
        answer(invocation_, answer_, true);
        break;
      case 1:
        answer(invocation_ + 1, "another's");
        break;
      default:
        answer(invocation_, answer_);
        answer(invocation_, answer_);
        break;
    }
  } else {
    answer(invocation_, answer_);
  }
  idle_ = true;
  look();
}

void SimulatedProcess::answer(std::uint64_t invocation, std::string_view body, bool torn) {
  wire::ResponseMeta meta{.result = error_ ? wire::Result::error : wire::Result::ok,
                          .flags = printed_ ? wire::ResponseMeta::kLogged : 0,
                          .cpu_nanoseconds = cpu_.count(),
                          .waits = waited_ ? 1U : 0U,
                          .ran_nanoseconds = static_cast<std::uint32_t>(cpu_.count())};
  if (error_) body = {};
  const std::size_t head_size = sizeof(wire::PacketHeader) + sizeof meta;
  const bool by_mail = box_.has_room(head_size + body.size());
  if (error_ || !by_mail || printed_ || !box_.has_room_for_more(head_size + body.size())) {
    meta.flags |= wire::ResponseMeta::kBarrier;
    box_.stop_pipelining();
    barrier_ = true;
  }
  std::string head;
  wire::append_head(head, {.kind = wire::Kind::response, .invocation = invocation, .body_size = body.size()},
                    meta, 0);
  if (torn) head.resize(head.size() / 2);
  const std::array<std::string_view, 2> parts{head, body};
  world_.answered.emplace(body_, world_.now());
  if (!by_mail)
    (void)platform::send_message(channel_.get(), parts);
  else if (box_.answer(parts))
    ring();
}

void SimulatedProcess::ring() {
  const wire::PacketHeader bell{.kind = wire::Kind::bell};
  (void)platform::send_message(channel_.get(), platform::bytes_of(bell));
}

void SimulatedProcess::crash() { die(kCrashed); }

void SimulatedProcess::kill() {
  world_.after(world_.random.between(microseconds(1), microseconds(500)),
               [self = shared_from_this()] { self->die(kKilled); });
}

void SimulatedProcess::ask_to_end() {
  if (world_.random.chance(70)) kill();
}

// Its parent may lie about how, or say nothing.
void SimulatedProcess::die(platform::ExitStatus status) {
  if (!alive_) return;
  alive_ = false;
  channel_.reset();
  log_.reset();
  const auto a_moment = [this] { return world_.random.between(microseconds(10), milliseconds(2)); };
  world_.after(a_moment(), [self = shared_from_this()] { self->end_.seen(); });
  if (!world_.random.chance(faults_.unreported))
    world_.after(a_moment(), [self = shared_from_this(), status] { self->end_.reported(status); });
}

}  // namespace coffees::storm
