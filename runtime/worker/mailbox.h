// Small packets between the dispatcher and one worker by way of memory: no system call where the other side
// is awake. What does not fit goes by the channel (platform/channel.h), and so does whatever tells of a
// death.
//
// The dispatcher posts packets (or an empty one: "look at the channel") and wakes the worker if it sleeps;
// the worker takes them one after another, answers each here or by the channel, and rings if the dispatcher
// sleeps. Ringing is a `bell` packet on the channel. A packet that the worker has not begun can be
// revoked.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "platform/shared_memory.h"
#include "platform/unique_fd.h"

namespace coffees {

/// What one worker shares with the dispatcher. Each half is one page, so a worker that has served nothing yet
/// costs none. Packets are laid one behind the other; the first one after all were answered lies in front
/// again.
struct MailboxMemory {
  static constexpr std::size_t kPage = 4096;
  static constexpr std::uint32_t kSlots = 16;  ///< packets under way at once
  static constexpr std::size_t kRoom = kPage - 6 * sizeof(std::uint32_t) - kSlots * 2 * sizeof(std::uint32_t);

  /// Where packet n lies: slot n % kSlots.
  struct Slot {
    std::atomic<std::uint32_t> offset{0};
    std::atomic<std::uint32_t> size{0};
  };
  struct Requests {
    /// Newest packet posted (upper half) and newest one taken (lower half); changed by both sides.
    std::atomic<std::uint64_t> line{0};
    std::atomic<std::uint32_t> posts{0};   ///< grows with each post; the worker sleeps on it
    std::atomic<std::uint32_t> sleeps{0};  ///< the worker does
    std::atomic<std::uint32_t> ring{0};    ///< the dispatcher wants a bell for this packet
    std::atomic<std::uint32_t> first{0};   ///< newest packet that was posted when nothing else was under way
    Slot slots[kSlots];
    char bytes[kRoom];
  };
  struct Answers {
    std::atomic<std::uint32_t> newest{0};  ///< of the packets that are answered
    std::uint32_t unused[5];
    Slot slots[kSlots];
    char bytes[kRoom];
  };
  Requests requests;
  Answers answers;
};
static_assert(sizeof(MailboxMemory) == 2 * MailboxMemory::kPage);

/// What all workers of a function share with the dispatcher: whether it sleeps. Workers of one function can
/// disturb each other here, and no other function's.
struct DoorbellMemory {
  std::atomic<std::uint32_t> dispatcher_sleeps{0};
};

/// The dispatcher's side of one mailbox. Everything that it reads is copied before it is looked at. Packets
/// are numbered as they are posted; numbers of packets that were revoked are given again.
class Mailbox {
 public:
  using Number = std::uint32_t;

  /// New memory. Throws platform::SystemError.
  Mailbox();
  /// What the worker maps. Once.
  [[nodiscard]] platform::UniqueFd take_descriptor() { return std::move(file_); }

  /// Whether a packet of `size` bytes has room in an empty mailbox.
  static bool fits(std::size_t size) { return size <= MailboxMemory::kRoom; }
  /// Whether it has room behind those that are under way.
  [[nodiscard]] bool has_room(std::size_t size) const;
  /// Posts one packet made of `parts`, which has room; none at all means "look at the channel".
  Number post(std::span<const std::string_view> parts);
  /// Revokes the packets behind packet `kept` that the worker has not begun. Returns how many: always
  /// the newest ones. It is the worker who says what it has begun with: one that lies can have its own
  /// requests repeated, no other worker's.
  std::uint32_t revoke(Number kept);
  /// Packet `number` and those before it are done with: their room is free once nothing else is under way.
  void finished(Number number) { finished_ = number; }

  [[nodiscard]] bool answered(Number number) const;
  /// Whether the worker has begun with it.
  [[nodiscard]] bool begun(Number number) const;
  /// Copies the answer to packet `number` to `to`. Returns its size, or 0 when it cannot be one.
  std::size_t copy_answer(Number number, std::span<char> to) const;
  /// Asks the worker to ring for this packet, however awake the dispatcher looks.
  void ask_to_ring(Number number);

 private:
  [[nodiscard]] std::uint32_t under_way() const { return posted_ - finished_; }

  platform::SharedMemory memory_;
  platform::UniqueFd file_;
  MailboxMemory* mail_;
  Number posted_ = 0;
  Number finished_ = 0;
  std::size_t filled_ = 0;  ///< bytes of the packets that are under way
};

/// The worker's side.
class WorkerMailbox {
 public:
  /// `bell` outlives this. Throws platform::SystemError.
  WorkerMailbox(int descriptor, DoorbellMemory& bell);

  /// Sleeps until there is a packet and copies it to `to`. Returns its size; 0: it is on the channel.
  std::size_t receive(std::span<char> to);
  /// Whether an answer of `size` bytes has room.
  [[nodiscard]] bool has_room(std::size_t size) const;
  /// Whether there would be room for another answer like that of `size` bytes. If not, its sender has
  /// to stop_pipelining().
  [[nodiscard]] bool has_room_for_more(std::size_t size) const { return has_room(2 * size + 512); }
  /// From now on takes no packet that was posted before the dispatcher has seen the answer that comes next.
  void stop_pipelining() { barrier_ = true; }
  /// Answers the packet that was received last. Returns whether to ring now.
  bool answer(std::span<const std::string_view> parts);

 private:
  bool take();

  platform::SharedMemory memory_;
  MailboxMemory* mail_;
  DoorbellMemory& bell_;
  std::uint32_t received_ = 0;
  std::size_t filled_ = 0;  ///< bytes of answers that the dispatcher may not have seen yet
  bool barrier_ = false;
};

}  // namespace coffees
