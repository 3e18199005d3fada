// Small packets between the dispatcher and one worker by way of memory: no system call where the other side
// is awake. What does not fit goes by the channel (platform/channel.h), and so does whatever tells of a
// death.
//
// Per invocation: the dispatcher posts a packet (or an empty one: "look at the channel") and wakes the worker
// if it sleeps; the worker takes it, answers here or by the channel, and rings if the dispatcher sleeps.
// Ringing is a `bell` packet on the channel.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "platform/shared_memory.h"

namespace coffees {

/// What one worker shares with the dispatcher. Each half is one page, so a worker that has served nothing yet
/// costs none.
struct MailboxMemory {
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kWords = 4;
  static constexpr std::size_t kRoom = kPage - kWords * sizeof(std::uint32_t);  ///< longest packet

  struct Half {
    std::atomic<std::uint32_t> number{0};  ///< of the newest packet; the worker sleeps on the request's
    std::atomic<std::uint32_t> size{0};    ///< of its bytes
    std::atomic<std::uint32_t> flag{0};    ///< request: the worker sleeps; response: newest request taken
    std::atomic<std::uint32_t> ring{0};    ///< request: the dispatcher wants a bell for this one
    char bytes[kRoom] = {};
  };
  Half request;
  Half response;
};
static_assert(sizeof(MailboxMemory) == 2 * MailboxMemory::kPage);

/// What all workers of a function share with the dispatcher: whether it sleeps. Workers of one function can
/// disturb each other here, and nobody else.
struct BellMemory {
  std::atomic<std::uint32_t> dispatcher_sleeps{0};
};

/// The dispatcher's side of one mailbox. Everything that it reads is copied before it is looked at.
class Mailbox {
 public:
  /// New memory; `descriptor` is what the worker maps. Throws platform::SystemError.
  explicit Mailbox(platform::UniqueFd& descriptor);

  /// Whether a packet of `size` bytes has room here.
  static bool fits(std::size_t size) { return size <= MailboxMemory::kRoom; }
  /// Posts one packet made of `parts`, which has room; none at all means "look at the channel".
  void post(std::span<const std::string_view> parts);
  /// Whether the worker has answered the newest post.
  [[nodiscard]] bool answered() const;
  /// Whether the worker has begun with the newest post. It is the worker who says so: one that lies can have
  /// its own requests repeated, nobody else's.
  [[nodiscard]] bool taken() const;
  /// Copies the answer to `to`. Returns its size, or 0 when it cannot be one.
  std::size_t copy_answer(std::span<char> to) const;
  /// Asks the worker to ring for the newest post, however awake the dispatcher looks.
  void ask_to_ring();

 private:
  platform::SharedMemory memory_;
  MailboxMemory* mail_;
  std::uint32_t posted_ = 0;
};

/// The worker's side.
class WorkerMailbox {
 public:
  /// `bell` outlives this. Throws platform::SystemError.
  WorkerMailbox(int descriptor, BellMemory& bell);

  /// Sleeps until a packet is posted and copies it to `to`. Returns its size; 0: it is on the channel.
  std::size_t receive(std::span<char> to);
  /// Answers the packet that was received last. Returns whether to ring now.
  bool answer(std::span<const std::string_view> parts);

 private:
  platform::SharedMemory memory_;
  MailboxMemory* mail_;
  BellMemory& bell_;
  std::uint32_t received_ = 0;
};

}  // namespace coffees
