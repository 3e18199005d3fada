#include "worker/worker_main.h"

#include <array>
#include <cstring>
#include <optional>

#include "platform/abort_notifier.h"
#include "platform/channel.h"
#include "platform/fork_handlers.h"
#include "platform/syscall.h"
#include "platform/this_process.h"
#include "worker/handler_library.h"
#include "worker/mailbox.h"
#include "worker/serve_loop.h"
#include "worker/wire.h"

namespace coffees {
namespace {

using platform::isolation::SandboxHandles;

// The thread stacks of handlers count as memory (getrlimit(2), RLIMIT_DATA); 8 MiB each would eat up a small
// limit.
constexpr std::size_t kThreadStack = 2 * 1024 * 1024;

// What this worker says when it dies of a signal. Filled in by the signal's handler.
struct AbortNoticePacket {
  wire::PacketHeader header{.kind = wire::Kind::abort_notice, .meta_size = sizeof(wire::AbortNotice)};
  wire::AbortNotice notice;
};
static_assert(sizeof(AbortNoticePacket) == sizeof(wire::PacketHeader) + sizeof(wire::AbortNotice));
AbortNoticePacket abort_notice_packet;

template <typename Meta>
void send_meta(wire::Kind kind, const Meta& meta, std::string_view texts = {}) {
  std::string packet;
  wire::append_head(packet, wire::PacketHeader{.kind = kind}, meta, texts.size());
  packet.append(texts);
  if (platform::send_message(kWorkerChannel, packet) != platform::SendState::sent)
    platform::this_process::exit_now(0);
}

// What is left to do before the first request, each part timed on its own. "fresh" is the classic cold start:
// load and initialise; a worker of a zygote has a copy of that and does only what is its own.
const HandlerLibrary* bring_up(const WorkerSpec& spec) {
  try {
    const std::int64_t begin = wire::monotonic_now();
    const HandlerLibrary* library =
        spec.library != nullptr ? spec.library : new HandlerLibrary(spec.library_path);
    const std::int64_t loaded = wire::monotonic_now();
    if (spec.library == nullptr) library->initialise();
    library->initialise_worker();
    send_meta(wire::Kind::ready, wire::Ready{.load_nanoseconds = loaded - begin,
                                             .init_nanoseconds = wire::monotonic_now() - loaded});
    return library;
  } catch (const LibraryError& error) {
    const std::string message = std::string(error.what()).substr(0, 4096);
    send_meta(wire::Kind::init_failed,
              wire::Failure{.code_size = static_cast<std::uint32_t>(error.code().size()),
                            .message_size = static_cast<std::uint32_t>(message.size())},
              error.code() + message);
    platform::this_process::exit_now(1);
  }
}

}  // namespace

void worker_main(const WorkerSpec& spec, WorkerFds fds, SandboxHandles inside) {
  std::optional<WorkerMailbox> mail;
  wire::Hello hello{.command_received = spec.command_received, .forked = spec.forked};
  try {
    mail.emplace(fds.shared.get(), *spec.bell);
    platform::isolation::keep_only_standard_descriptors(std::move(fds.channel), std::move(fds.log), inside);
    platform::abort_notifier::notify_on_death(kWorkerChannel, platform::bytes_of(abort_notice_packet),
                                              abort_notice_packet.notice,
                                              spec.sandbox.level == platform::isolation::Level::full);
    hello.pid_in_function = platform::isolation::pid_in_function(inside);
    platform::isolation::enter_worker(spec.sandbox, inside);
    platform::this_process::set_thread_stack(kThreadStack);
    hello.isolated = wire::monotonic_now();
    // Not before: no handler code runs in a half-built sandbox.
    if (spec.library != nullptr) platform::fork_handlers::after_in_child();
    platform::fork_handlers::stop_noting();
  } catch (const platform::SystemError& error) {
    // Fail closed: no handler code runs in a half-built sandbox.
    hello.error = error.error();
    std::strncpy(hello.step, error.step().c_str(), sizeof hello.step - 1);
    send_meta(wire::Kind::hello, hello);
    platform::this_process::exit_now(1);
  }
  const bool loads = spec.library == nullptr && !spec.library_path.empty();
  const bool initialises = loads || (spec.library != nullptr && spec.library->has_worker_init());
  hello.initialises = initialises ? 1 : 0;
  send_meta(wire::Kind::hello, hello);
  if (spec.library == nullptr && spec.library_path.empty()) {
    // Started to see whether it can be: nothing is asked of it.
    std::array<char, 1> nothing{};
    const std::span<char> buffer(nothing);
    platform::receive_message(kWorkerChannel, std::span(&buffer, 1));
    platform::this_process::exit_now(0);
  }
  const HandlerLibrary* library = initialises ? bring_up(spec) : spec.library;
  inside.plugin.reset();
  serve_loop(spec, library->plugin(), *mail);
}

}  // namespace coffees
