#include "platform/channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

#include "platform/syscall.h"

namespace coffees::platform {
namespace {

constexpr std::size_t kMaxDescriptors = 4;
constexpr std::size_t kMaxParts = 4;

void set_nonblocking(int fd) {
  const int flags = check(::fcntl(fd, F_GETFL), "fcntl(F_GETFL)");
  check(::fcntl(fd, F_SETFL, flags | O_NONBLOCK), "fcntl(O_NONBLOCK)");
}

Received receive(int channel, msghdr& header, bool wants_ancillary) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxDescriptors) + CMSG_SPACE(sizeof(ucred))>
      control{};
  if (wants_ancillary) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  ssize_t size = 0;
  do {
    size = ::recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);

  Received received;
  if (size < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return received;
    if (errno != ECONNRESET) throw_errno("receive on channel");
    received.state = ReceiveState::reset;
    return received;
  }
  received.state = size == 0 ? ReceiveState::closed : ReceiveState::message;
  received.size = static_cast<std::size_t>(size);
  received.truncated = (header.msg_flags & MSG_TRUNC) != 0;
  if (!wants_ancillary) return received;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET) continue;
    if (item->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
        received.descriptors.emplace_back(fd);
      }
    } else if (item->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials{};
      std::memcpy(&credentials, CMSG_DATA(item), sizeof credentials);
      received.sender.pid = credentials.pid;
    }
  }
  return received;
}

}  // namespace

std::pair<UniqueFd, UniqueFd> make_channel(bool nonblocking_first, bool report_sender) {
  std::array<int, 2> ends{};
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  std::pair<UniqueFd, UniqueFd> pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (nonblocking_first) set_nonblocking(ends[0]);
  if (report_sender) {
    const int on = 1;
    check(::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), "setsockopt(SO_PASSCRED)");
  }
  return pair;
}

void stop_reporting_sender(int channel) noexcept {
  const int off = 0;
  ::setsockopt(channel, SOL_SOCKET, SO_PASSCRED, &off, sizeof off);
}

SendState send_message(int channel, std::span<const std::string_view> parts,
                       std::span<const int> descriptors) {
  std::array<iovec, kMaxParts> vectors{};
  if (parts.size() > vectors.size() || descriptors.size() > kMaxDescriptors)
    throw std::logic_error("send_message: too many parts or descriptors");
  for (std::size_t i = 0; i < parts.size(); ++i)
    vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  msghdr header{};
  header.msg_iov = vectors.data();
  header.msg_iovlen = parts.size();
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxDescriptors)> control{};
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(item), descriptors.data(), descriptors.size_bytes());
  }
  while (true) {
    if (::sendmsg(channel, &header, MSG_NOSIGNAL) >= 0) return SendState::sent;
    if (errno == EINTR) continue;
    // ETOOMANYREFS: too many descriptors are in flight (unix(7)); they drain like a full buffer does.
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS) return SendState::would_block;
    if (errno == EPIPE || errno == ECONNRESET) return SendState::closed;
    throw_errno("send on channel");
  }
}

SendState send_message(int channel, std::string_view message, std::span<const int> descriptors) {
  return send_message(channel, std::span(&message, 1), descriptors);
}

Received receive_message(int channel, std::span<const std::span<char>> buffers) {
  std::array<iovec, kMaxParts> vectors{};
  if (buffers.size() > vectors.size()) throw std::logic_error("receive_message: too many buffers");
  for (std::size_t i = 0; i < buffers.size(); ++i) vectors[i] = {buffers[i].data(), buffers[i].size()};
  msghdr header{};
  header.msg_iov = vectors.data();
  header.msg_iovlen = buffers.size();
  return receive(channel, header, false);
}

Received receive_with_descriptors(int channel, std::span<char> buffer) {
  iovec vector{buffer.data(), buffer.size()};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  return receive(channel, header, true);
}

std::pair<UniqueFd, UniqueFd> make_log_pipe() {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  std::pair<UniqueFd, UniqueFd> pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
  set_nonblocking(ends[0]);
  return pair;
}

}  // namespace coffees::platform
