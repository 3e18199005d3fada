#include "worker/serve_loop.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/header_block.h"
#include "platform/abort_notifier.h"
#include "platform/channel.h"
#include "platform/fitness.h"
#include "platform/standard_output.h"
#include "platform/this_process.h"
#include "worker/mailbox.h"
#include "worker/wire.h"
#include "worker/worker_main.h"

namespace coffees {
namespace {

void write_log_line(void*, coffees_bytes line) {
  std::string text(line.data != nullptr ? line.data : "", line.size);
  text += '\n';
  platform::this_process::write_all(2, text);
}

coffees_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(coffees_bytes text) {
  return text.data != nullptr ? std::string_view(text.data, text.size) : "";
}

// One request, read completely before the handler sees any of it: only then can the dispatcher be sure that
// an unread request was never executed.
class Request {
 public:
  explicit Request(WorkerMailbox& mail)
      : mail_(mail), packet_(std::make_unique_for_overwrite<char[]>(wire::kMaxPacket)) {}

  // False when the dispatcher has closed the channel.
  bool read() {
    std::span<char> buffer(packet_.get(), wire::kMaxPacket);
    std::size_t size = mail_.receive(buffer);
    if (size == 0) {
      const platform::Received received = platform::receive_message(kWorkerChannel, std::span(&buffer, 1));
      if (received.state != platform::ReceiveState::message || received.truncated) return false;
      size = received.size;
    }
    wire::Packet packet;
    if (!wire::parse({packet_.get(), size}, packet) || packet.header.kind != wire::Kind::request)
      return false;
    invocation = packet.header.invocation;
    std::string_view texts = packet.meta;
    if (!wire::take_meta(texts, meta) || !wire::take_text(texts, meta.request_id_size, request_id) ||
        !wire::take_text(texts, meta.method_size, method) || !wire::take_text(texts, meta.path_size, path) ||
        !wire::take_text(texts, meta.query_size, query) || !wire::take_text(texts, meta.client_size, client))
      return false;
    headers.clear();
    if (!for_each_header(texts, [this](std::string_view name, std::string_view value) {
          headers.push_back({bytes(name), bytes(value)});
        }))
      return false;
    return read_body(packet);
  }

  // Idle workers should be small: a large body is not kept.
  void forget_body() { large_body_.reset(); }

  std::uint64_t invocation = 0;
  wire::RequestMeta meta;
  std::string_view request_id, method, path, query, client, body;
  std::vector<coffees_header> headers;

 private:
  bool read_body(const wire::Packet& first) {
    if (first.body.size() == first.header.body_size) {
      body = first.body;
      return true;
    }
    const std::size_t total = first.header.body_size;
    large_body_ = std::make_unique_for_overwrite<char[]>(total);
    std::memcpy(large_body_.get(), first.body.data(), first.body.size());
    for (std::size_t filled = first.body.size(); filled < total;) {
      wire::PacketHeader header;
      const std::array<std::span<char>, 2> buffers{platform::writable_bytes_of(header),
                                                   std::span(large_body_.get() + filled, total - filled)};
      const platform::Received received = platform::receive_message(kWorkerChannel, buffers);
      if (received.state != platform::ReceiveState::message || received.size <= sizeof header ||
          header.kind != wire::Kind::data)
        return false;
      filled += received.size - sizeof header;
    }
    body = {large_body_.get(), total};
    return true;
  }

  WorkerMailbox& mail_;
  std::unique_ptr<char[]> packet_;
  std::unique_ptr<char[]> large_body_;
};

// What the runtime's side wants to know besides the answer.
struct Account {
  platform::this_process::Usage usage;
  std::int64_t ran_nanoseconds = 0;
  std::uint32_t flags = 0;  ///< of wire::ResponseMeta
};

// What this request leaves behind. Only a failure is a reason to try what the process can still do: it costs
// more than most requests.
std::uint32_t flags_after(const coffees_result& result, platform::isolation::Level level) {
  using wire::ResponseMeta;
  std::uint32_t flags = platform::this_process::unread_output(2) ? ResponseMeta::kLogged : 0;
  if (platform::fitness::has_children()) flags |= ResponseMeta::kLeftChildren;
  const bool failed = result.outcome != COFFEES_OK || result.status >= 500;
  const bool own_tmp = level == platform::isolation::Level::full;
  if (failed && platform::fitness::what_is_missing(own_tmp) != platform::fitness::Missing::nothing)
    flags |= ResponseMeta::kUnfit;
  return flags;
}

template <typename Number>
std::uint32_t cut_to_32_bits(Number number) {
  return static_cast<std::uint32_t>(std::min<Number>(number, ~std::uint32_t{0}));
}

bool send_response(WorkerMailbox& mail, std::uint64_t invocation, const coffees_result& result,
                   const Account& account) {
  std::string headers;
  for (std::uint32_t i = 0; i < result.header_count; ++i)
    append_header(headers, view(result.headers[i].name), view(result.headers[i].value));
  const bool ok = result.outcome == COFFEES_OK;
  const std::string_view body = ok ? view(result.body) : std::string_view();
  const std::string_view error_type = view(result.error_type).substr(0, 1024);
  const std::string_view error_message = view(result.error_message).substr(0, 16 * 1024);
  wire::ResponseMeta meta{.result = static_cast<wire::Result>(result.outcome),
                          .status = result.status == 0 ? 200 : result.status,
                          .headers_size = static_cast<std::uint32_t>(headers.size()),
                          .error_type_size = static_cast<std::uint32_t>(error_type.size()),
                          .error_message_size = static_cast<std::uint32_t>(error_message.size()),
                          .flags = account.flags,
                          .cpu_nanoseconds = account.usage.cpu_nanoseconds,
                          .peak_rss = account.usage.peak_rss,
                          .waits = cut_to_32_bits(account.usage.waits),
                          .ran_nanoseconds = cut_to_32_bits(account.ran_nanoseconds)};
  const std::size_t texts_size = headers.size() + error_type.size() + error_message.size();
  const std::size_t head_size = sizeof(wire::PacketHeader) + sizeof meta + texts_size;
  if (head_size > wire::kMaxPacket) {
    // Said as an error rather than cut: the author can act on it.
    coffees_result too_large{};
    constexpr std::string_view type = "coffees::HeadersTooLarge";
    constexpr std::string_view message = "the answer's header fields are longer than 64 KiB";
    too_large.outcome = COFFEES_ERROR;
    too_large.error_type = bytes(type);
    too_large.error_message = bytes(message);
    return send_response(mail, invocation, too_large, account);
  }
  // The dispatcher can tell whose the next log line or packet is only if nothing else is begun meanwhile, and
  // after a bad answer it kills this process.
  const bool by_mail = mail.has_room(head_size + body.size());
  const bool good = ok ? meta.status >= 200 && meta.status <= 599 : result.outcome == COFFEES_ERROR;
  if (!good || !by_mail || account.flags != 0 || !mail.has_room_for_more(head_size + body.size())) {
    meta.flags |= wire::ResponseMeta::kBarrier;
    mail.stop_pipelining();
  }
  std::string head;
  wire::append_head(head, {.kind = wire::Kind::response, .invocation = invocation, .body_size = body.size()},
                    meta, texts_size);
  head.append(headers).append(error_type).append(error_message);
  if (by_mail) {
    const std::array<std::string_view, 2> parts{head, body};
    if (!mail.answer(parts)) return true;
    const wire::PacketHeader bell{.kind = wire::Kind::bell};
    return platform::send_message(kWorkerChannel, platform::bytes_of(bell)) == platform::SendState::sent;
  }
  std::size_t sent = std::min(body.size(), wire::kMaxPacket - head.size());
  const std::array<std::string_view, 2> first{head, body.substr(0, sent)};
  if (platform::send_message(kWorkerChannel, first) != platform::SendState::sent) return false;
  while (sent < body.size()) {
    const wire::PacketHeader more{
        .kind = wire::Kind::data, .invocation = invocation, .body_size = body.size()};
    const std::string_view piece = body.substr(sent, wire::kMaxPacket - sizeof more);
    const std::array<std::string_view, 2> packet{platform::bytes_of(more), piece};
    if (platform::send_message(kWorkerChannel, packet) != platform::SendState::sent) return false;
    sent += piece.size();
  }
  return true;
}

}  // namespace

void serve_loop(const WorkerSpec& spec, const coffees_plugin_v1& plugin, WorkerMailbox& mail) {
  const std::string name = spec.function + "#" + std::to_string(spec.number);
  Request request(mail);
  platform::this_process::Usage before = platform::this_process::usage();
  while (request.read()) {
    coffees_event event{};
    event.struct_size = sizeof event;
    event.header_count = static_cast<std::uint32_t>(request.headers.size());
    event.headers = request.headers.data();
    event.method = bytes(request.method);
    event.path = bytes(request.path);
    event.query = bytes(request.query);
    event.body = bytes(request.body);
    event.client = bytes(request.client);
    coffees_context context{};
    context.struct_size = sizeof context;
    context.cold = request.meta.cold;
    context.request_id = bytes(request.request_id);
    context.function = bytes(spec.function);
    context.worker = bytes(name);
    const std::int64_t began = wire::monotonic_now();
    context.deadline = request.meta.timeout != 0 ? began + request.meta.timeout : request.meta.deadline;
    context.memory_limit = spec.sandbox.limits.memory;
    context.served = request.meta.served;
    context.pid = request.meta.pid;
    context.log = write_log_line;
    coffees_result result{};
    result.struct_size = sizeof result;
    platform::abort_notifier::renew();
    plugin.call(&event, &context, &result);
    // Before the answer, so that what the handler printed is attributed to this invocation.
    platform::standard_output::flush();
    Account account{.usage = platform::this_process::usage(),
                    .ran_nanoseconds = wire::monotonic_now() - began,
                    .flags = flags_after(result, spec.sandbox.level)};
    platform::this_process::Usage& usage = account.usage;
    const platform::this_process::Usage total = std::exchange(before, usage);
    usage.cpu_nanoseconds -= total.cpu_nanoseconds;
    // One wait was for the request itself, if the worker had fallen asleep.
    usage.waits -= std::min(usage.waits, total.waits + 1);
    const bool sent = send_response(mail, request.invocation, result, account);
    plugin.release(&result);
    if (!sent) break;
    request.forget_body();
  }
  platform::this_process::exit_now(0);
}

}  // namespace coffees
