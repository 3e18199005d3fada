#include "worker/mailbox.h"

#include <algorithm>
#include <cstring>

#include "platform/futex.h"

// Who sleeps says so first and looks once more; who posts writes first and then asks whether the other
// sleeps. With sequentially consistent operations at least one of them sees the other.

namespace coffees {
namespace {

void write(MailboxMemory::Half& half, std::span<const std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) {
    // An empty part may have no address, and memcpy(3) wants one.
    if (!part.empty()) std::memcpy(half.bytes + size, part.data(), part.size());
    size += part.size();
  }
  half.size.store(static_cast<std::uint32_t>(size), std::memory_order_relaxed);
}

std::size_t copy(const MailboxMemory::Half& half, std::span<char> to) {
  const std::size_t size = half.size.load(std::memory_order_relaxed);
  if (size > MailboxMemory::kRoom || size > to.size()) return 0;
  std::memcpy(to.data(), half.bytes, size);
  return size;
}

}  // namespace

Mailbox::Mailbox(platform::UniqueFd& descriptor) {
  auto [memory, file] = platform::SharedMemory::create(sizeof(MailboxMemory));
  memory_ = std::move(memory);
  descriptor = std::move(file);
  mail_ = static_cast<MailboxMemory*>(memory_.data());
}

void Mailbox::post(std::span<const std::string_view> parts) {
  MailboxMemory::Half& request = mail_->request;
  write(request, parts);
  request.ring.store(0, std::memory_order_relaxed);
  request.number.store(++posted_, std::memory_order_seq_cst);
  if (request.flag.load(std::memory_order_seq_cst) != 0) platform::wake_one(request.number);
}

bool Mailbox::answered() const { return mail_->response.number.load(std::memory_order_seq_cst) == posted_; }

bool Mailbox::taken() const { return mail_->response.flag.load(std::memory_order_acquire) == posted_; }

std::size_t Mailbox::copy_answer(std::span<char> to) const { return copy(mail_->response, to); }

void Mailbox::ask_to_ring() { mail_->request.ring.store(1, std::memory_order_seq_cst); }

WorkerMailbox::WorkerMailbox(int descriptor, BellMemory& bell)
    : memory_(platform::SharedMemory::map(descriptor, sizeof(MailboxMemory))),
      mail_(static_cast<MailboxMemory*>(memory_.data())),
      bell_(bell) {}

std::size_t WorkerMailbox::receive(std::span<char> to) {
  MailboxMemory::Half& request = mail_->request;
  while (request.number.load(std::memory_order_acquire) == received_) {
    request.flag.store(1, std::memory_order_seq_cst);
    if (request.number.load(std::memory_order_seq_cst) == received_)
      platform::wait_while_equal(request.number, received_);
    request.flag.store(0, std::memory_order_relaxed);
  }
  received_ = request.number.load(std::memory_order_acquire);
  mail_->response.flag.store(received_, std::memory_order_release);
  return copy(request, to);
}

bool WorkerMailbox::answer(std::span<const std::string_view> parts) {
  write(mail_->response, parts);
  mail_->response.number.store(received_, std::memory_order_seq_cst);
  if (mail_->request.ring.load(std::memory_order_seq_cst) != 0) return true;
  // Only the first one rings: the dispatcher looks at all of them when it wakes up.
  return bell_.dispatcher_sleeps.load(std::memory_order_seq_cst) != 0 &&
         bell_.dispatcher_sleeps.exchange(0, std::memory_order_seq_cst) != 0;
}

}  // namespace coffees
