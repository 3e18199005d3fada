// Message channels between our processes: AF_UNIX SOCK_SEQPACKET pairs (unix(7)).
//
// One send is one message, boundaries are kept, and the end of a channel is seen as a receive of nothing.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/unique_fd.h"

namespace coffees::platform {

/// Who sent a message, as the kernel says it (SCM_CREDENTIALS, unix(7)): never what a message claims.
struct Sender {
  int pid = 0;  ///< as seen from the receiver's PID namespace; 0 = not told
};

enum class ReceiveState {
  message,      ///< `size` bytes were written to the buffers
  would_block,  ///< nothing there yet (non-blocking channels only)
  closed,       ///< the other end is gone and had read everything that was sent to it
  reset,        ///< the other end is gone and left something of ours unread (ECONNRESET)
};

struct Received {
  ReceiveState state = ReceiveState::would_block;
  std::size_t size = 0;
  bool truncated = false;  ///< the message was longer than the buffers: never to be believed
  Sender sender;
  std::vector<UniqueFd> descriptors;
};

enum class SendState { sent, would_block, closed };

/// Makes a connected pair, both ends close-on-exec. With `report_sender` each message received on the
/// first end carries its sender. `nonblocking_first` makes only the first end non-blocking (O_NONBLOCK
/// belongs to the open file, so the two ends do not share it). Throws SystemError.
std::pair<UniqueFd, UniqueFd> make_channel(bool nonblocking_first, bool report_sender);

/// Messages on `channel` carry their sender no more: it is known by now, and finding it out costs time each
/// time.
void stop_reporting_sender(int channel) noexcept;

/// Sends the concatenation of `parts` as one message, with `descriptors` attached (at most 4).
/// Returns would_block / closed instead of failing; throws SystemError for anything else.
SendState send_message(int channel, std::span<const std::string_view> parts,
                       std::span<const int> descriptors = {});
SendState send_message(int channel, std::string_view message, std::span<const int> descriptors = {});

/// Receives one message into `buffers`, filled one after the other. Does not ask for descriptors: those that
/// a hostile sender attaches are dropped by the kernel. Throws SystemError on an unexpected failure.
Received receive_message(int channel, std::span<const std::span<char>> buffers);

/// The same into one buffer, and accepts up to 4 descriptors (close-on-exec) and the sender's credentials.
Received receive_with_descriptors(int channel, std::span<char> buffer);

/// The bytes of a plain struct, for sending and receiving fixed-size messages.
template <typename Message>
std::string_view bytes_of(const Message& message) {
  static_assert(std::is_trivially_copyable_v<Message>);
  return {reinterpret_cast<const char*>(&message), sizeof message};
}
template <typename Message>
std::span<char> writable_bytes_of(Message& message) {
  static_assert(std::is_trivially_copyable_v<Message>);
  return {reinterpret_cast<char*>(&message), sizeof message};
}

/// A pipe for text, both ends close-on-exec; reading end first and non-blocking. Throws SystemError.
std::pair<UniqueFd, UniqueFd> make_log_pipe();

}  // namespace coffees::platform
