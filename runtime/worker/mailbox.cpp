#include "worker/mailbox.h"

#include <algorithm>
#include <cstring>

#include "platform/futex.h"

// A side that is going to sleep says so first and looks once more; a side that posts writes first and then
// looks whether the other one sleeps. With sequentially consistent operations at least one of them sees the
// other.

namespace coffees {
namespace {

using Slot = MailboxMemory::Slot;

constexpr std::uint64_t pack(std::uint32_t posted, std::uint32_t taken) {
  return std::uint64_t{posted} << 32 | taken;
}
constexpr std::uint32_t posted_in(std::uint64_t line) { return static_cast<std::uint32_t>(line >> 32); }
constexpr std::uint32_t taken_in(std::uint64_t line) { return static_cast<std::uint32_t>(line); }

// Whether number `a` is `b` or comes after it; they wrap around.
constexpr bool reaches(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) >= 0; }

std::size_t write(Slot& slot, char* bytes, std::size_t offset, std::span<const std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) {
    // An empty part may have no address, and memcpy(3) wants one.
    if (!part.empty()) std::memcpy(bytes + offset + size, part.data(), part.size());
    size += part.size();
  }
  slot.offset.store(static_cast<std::uint32_t>(offset), std::memory_order_relaxed);
  slot.size.store(static_cast<std::uint32_t>(size), std::memory_order_relaxed);
  return size;
}

std::size_t copy(const Slot& slot, const char* bytes, std::span<char> to) {
  const std::size_t size = slot.size.load(std::memory_order_relaxed);
  const std::size_t offset = slot.offset.load(std::memory_order_relaxed);
  if (size > MailboxMemory::kRoom || offset > MailboxMemory::kRoom - size || size > to.size()) return 0;
  std::memcpy(to.data(), bytes + offset, size);
  return size;
}

}  // namespace

Mailbox::Mailbox() {
  auto [memory, file] = platform::SharedMemory::create(sizeof(MailboxMemory));
  memory_ = std::move(memory);
  file_ = std::move(file);
  mail_ = static_cast<MailboxMemory*>(memory_.data());
}

bool Mailbox::has_room(std::size_t size) const {
  return under_way() == 0 ? fits(size)
                          : under_way() < MailboxMemory::kSlots && size <= MailboxMemory::kRoom - filled_;
}

Mailbox::Number Mailbox::post(std::span<const std::string_view> parts) {
  MailboxMemory::Requests& requests = mail_->requests;
  const Number number = posted_ + 1;
  if (under_way() == 0) {
    filled_ = 0;
    requests.first.store(number, std::memory_order_relaxed);
  }
  filled_ += write(requests.slots[number % MailboxMemory::kSlots], requests.bytes, filled_, parts);
  requests.line.fetch_add(pack(1, 0), std::memory_order_seq_cst);
  posted_ = number;
  requests.posts.fetch_add(1, std::memory_order_seq_cst);
  if (requests.sleeps.load(std::memory_order_seq_cst) != 0) platform::wake_one(requests.posts);
  return number;
}

std::uint32_t Mailbox::revoke(Number kept) {
  std::uint64_t line = mail_->requests.line.load(std::memory_order_acquire);
  // Not for ever: a worker that does nothing but change this word keeps what it was given.
  for (int attempt = 0; attempt < 100; ++attempt) {
    const Number newest = reaches(taken_in(line), kept) ? taken_in(line) : kept;
    const std::uint32_t left = posted_ - newest;
    if (left == 0 || left > under_way()) return 0;
    if (!mail_->requests.line.compare_exchange_strong(line, pack(newest, taken_in(line)),
                                                      std::memory_order_acq_rel))
      continue;
    posted_ -= left;
    return left;
  }
  return 0;
}

bool Mailbox::answered(Number number) const {
  return reaches(mail_->answers.newest.load(std::memory_order_seq_cst), number);
}

bool Mailbox::begun(Number number) const {
  return reaches(taken_in(mail_->requests.line.load(std::memory_order_acquire)), number);
}

std::size_t Mailbox::copy_answer(Number number, std::span<char> to) const {
  return copy(mail_->answers.slots[number % MailboxMemory::kSlots], mail_->answers.bytes, to);
}

void Mailbox::ask_to_ring(Number number) { mail_->requests.ring.store(number, std::memory_order_seq_cst); }

WorkerMailbox::WorkerMailbox(int descriptor, DoorbellMemory& bell)
    : memory_(platform::SharedMemory::map(descriptor, sizeof(MailboxMemory))),
      mail_(static_cast<MailboxMemory*>(memory_.data())),
      bell_(bell) {}

// The next packet becomes this worker's, unless there is none.
bool WorkerMailbox::take() {
  MailboxMemory::Requests& requests = mail_->requests;
  std::uint64_t line = requests.line.load(std::memory_order_acquire);
  while (posted_in(line) != taken_in(line)) {
    const std::uint32_t next = taken_in(line) + 1;
    if (barrier_ && requests.first.load(std::memory_order_acquire) != next) return false;
    if (!requests.line.compare_exchange_strong(line, pack(posted_in(line), next), std::memory_order_seq_cst))
      continue;
    received_ = next;
    if (requests.first.load(std::memory_order_acquire) == next) {
      barrier_ = false;
      filled_ = 0;
    }
    return true;
  }
  return false;
}

std::size_t WorkerMailbox::receive(std::span<char> to) {
  MailboxMemory::Requests& requests = mail_->requests;
  std::uint32_t seen = requests.posts.load(std::memory_order_seq_cst);
  while (!take()) {
    requests.sleeps.store(1, std::memory_order_seq_cst);
    if (requests.posts.load(std::memory_order_seq_cst) == seen)
      platform::wait_while_equal(requests.posts, seen);
    requests.sleeps.store(0, std::memory_order_relaxed);
    seen = requests.posts.load(std::memory_order_seq_cst);
  }
  return copy(requests.slots[received_ % MailboxMemory::kSlots], requests.bytes, to);
}

bool WorkerMailbox::has_room(std::size_t size) const { return size <= MailboxMemory::kRoom - filled_; }

bool WorkerMailbox::answer(std::span<const std::string_view> parts) {
  MailboxMemory::Answers& answers = mail_->answers;
  filled_ += write(answers.slots[received_ % MailboxMemory::kSlots], answers.bytes, filled_, parts);
  answers.newest.store(received_, std::memory_order_seq_cst);
  if (mail_->requests.ring.load(std::memory_order_seq_cst) == received_) return true;
  // Only the first one rings: the dispatcher looks at all of them when it wakes up.
  return bell_.dispatcher_sleeps.load(std::memory_order_seq_cst) != 0 &&
         bell_.dispatcher_sleeps.exchange(0, std::memory_order_seq_cst) != 0;
}

}  // namespace coffees
