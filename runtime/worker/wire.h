// The packets between the dispatcher and one worker, both sides. One SEQPACKET message is one packet.
//
// dispatcher -> worker   request data*
// worker -> dispatcher   hello (ready | init_failed)  then per request: response data*, at any time: bell,
// abort_notice
//
// A request or response that is a single small packet goes by the mailbox (mailbox.h) instead of the channel.
//
// A packet is a PacketHeader, then `meta_size` bytes of meta, then a piece of the body. The first packet of a
// message says how long the whole body is; `data` packets carry the rest in order. The dispatcher trusts
// nothing it reads here: every size is checked against what really arrived before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/abort_notifier.h"

namespace coffees::wire {

/// No packet is longer. Fits an AF_UNIX send buffer of the default size (socket(7), wmem_default 212992) and
/// the longest request head (64 KiB of header fields, 8 KiB of target).
constexpr std::size_t kMaxPacket = 128 * 1024;
constexpr std::uint32_t kMagic = 0x31574343;  // "CCW1"

enum class Kind : std::uint32_t {
  hello = 1,     ///< the worker is isolated; meta: Hello
  ready,         ///< where hello says that there is more to do: it is done; meta: Ready
  init_failed,   ///< or could not be; meta: Failure and its texts. The worker ends.
  request,       ///< meta: RequestMeta and its texts
  response,      ///< meta: ResponseMeta and its texts
  data,          ///< a further piece of the body of the request or response before it
  abort_notice,  ///< the worker dies of a signal; meta: AbortNotice
  bell,          ///< worker -> dispatcher: there is an answer in a mailbox (mailbox.h)
};

struct PacketHeader {
  std::uint32_t magic = kMagic;
  Kind kind = Kind::data;
  std::uint64_t invocation = 0;  ///< number given by the dispatcher, repeated in the response
  std::uint64_t body_size = 0;   ///< of the whole message
  std::uint32_t meta_size = 0;
  std::uint32_t reserved = 0;
};

/// Times are CLOCK_MONOTONIC nanoseconds, comparable across processes.
struct Hello {
  std::int32_t pid_in_function = 0;  ///< as the function's init will name this worker when it ends
  std::int32_t error = 0;            ///< errno when the sandbox could not be completed, else 0
  std::int64_t command_received = 0;
  std::int64_t forked = 0;
  std::int64_t isolated = 0;
  std::uint32_t initialises = 0;  ///< 1: the library's code runs before the first request; `ready` follows
  std::uint32_t reserved = 0;
  char step[64] = {};  ///< the step that failed
};

struct Ready {
  std::int64_t load_nanoseconds = 0;  ///< start = "fresh" only, else 0
  std::int64_t init_nanoseconds = 0;
};

/// Followed by `code`, `message`.
struct Failure {
  std::uint32_t code_size = 0;
  std::uint32_t message_size = 0;
};

/// Followed by request id, method, path, query, client address, header block.
struct RequestMeta {
  std::int64_t deadline = 0;  ///< CLOCK_MONOTONIC nanoseconds
  std::int64_t timeout = 0;   ///< not 0: the deadline is this long after the worker begins with it
  std::uint64_t served = 0;   ///< invocations that this worker has finished before
  std::int32_t pid = 0;       ///< of the worker, outside its namespaces
  std::uint32_t cold = 0;     ///< 1 when the invocation waited for its worker to start
  std::uint32_t request_id_size = 0;
  std::uint32_t method_size = 0;
  std::uint32_t path_size = 0;
  std::uint32_t query_size = 0;
  std::uint32_t headers_size = 0;
  std::uint32_t client_size = 0;
};

using AbortNotice = platform::abort_notifier::Notice;

enum class Result : std::uint32_t { ok = 0, error = 1, out_of_memory = 2 };

/// Followed by header block, error type, error message.
struct ResponseMeta {
  Result result = Result::ok;
  std::int32_t status = 200;
  std::uint32_t headers_size = 0;
  std::uint32_t error_type_size = 0;
  std::uint32_t error_message_size = 0;
  static constexpr std::uint32_t kLogged = 1;   ///< what the worker printed is in its log pipe
  static constexpr std::uint32_t kBarrier = 2;  ///< it begins nothing that was posted before this was seen
  static constexpr std::uint32_t kLeftChildren = 4;  ///< the request left processes behind
  static constexpr std::uint32_t kUnfit = 8;         ///< it has lost the means to serve another request
  std::uint32_t flags = 0;
  std::int64_t cpu_nanoseconds = 0;   ///< of the worker since its former answer
  std::uint64_t peak_rss = 0;         ///< bytes
  std::uint32_t waits = 0;            ///< how often the handler slept or waited for something
  std::uint32_t ran_nanoseconds = 0;  ///< from the request until the answer; at most what fits here
};

/// A packet taken apart; views borrow from the buffer it was received into.
struct Packet {
  PacketHeader header;
  std::string_view meta;
  std::string_view body;
};

/// Takes a received packet apart. Returns false when its magic, kind or sizes cannot be true.
bool parse(std::string_view bytes, Packet& packet);

/// Splits a meta block into a plain struct and `count` texts whose sizes the caller names afterwards with
/// take_text.
template <typename Meta>
bool take_meta(std::string_view& bytes, Meta& meta) {
  if (bytes.size() < sizeof meta) return false;
  __builtin_memcpy(&meta, bytes.data(), sizeof meta);
  bytes.remove_prefix(sizeof meta);
  return true;
}
bool take_text(std::string_view& bytes, std::uint32_t size, std::string_view& text);

/// Appends a packet header and a plain meta struct to `out`, announcing `texts_size` more bytes of meta.
template <typename Meta>
void append_head(std::string& out, PacketHeader header, const Meta& meta, std::size_t texts_size) {
  header.meta_size = static_cast<std::uint32_t>(sizeof meta + texts_size);
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  out.append(reinterpret_cast<const char*>(&meta), sizeof meta);
}

/// CLOCK_MONOTONIC in nanoseconds.
std::int64_t monotonic_now();

}  // namespace coffees::wire
