#include "worker/worker_main.h"

#include <array>
#include <cstring>
#include <optional>

#include "platform/channel.h"
#include "platform/syscall.h"
#include "platform/this_process.h"
#include "worker/handler_library.h"
#include "worker/mailbox.h"
#include "worker/serve_loop.h"
#include "worker/wire.h"

namespace coffees {
namespace {

using platform::isolation::Inside;

// The thread stacks of handlers count as memory (getrlimit(2), RLIMIT_DATA); 8 MiB each would eat up a small
// limit.
constexpr std::size_t kThreadStack = 2 * 1024 * 1024;

template <typename Meta>
void send_meta(wire::Kind kind, const Meta& meta, std::string_view texts = {}) {
  std::string packet;
  wire::append_head(packet, wire::PacketHeader{.kind = kind}, meta, texts.size());
  packet.append(texts);
  if (platform::send_message(kWorkerChannel, packet) != platform::SendState::sent)
    platform::this_process::exit_now(0);
}

// "fresh": the classic cold start, each part timed on its own.
const HandlerLibrary* load(const std::string& path) {
  try {
    const std::int64_t begin = wire::monotonic_now();
    auto* library = new HandlerLibrary(path);
    const std::int64_t loaded = wire::monotonic_now();
    library->initialise();
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

void worker_main(const WorkerBirth& birth, Ends ends, Inside inside) {
  std::optional<WorkerMailbox> mail;
  wire::Hello hello{.command_received = birth.command_received, .forked = birth.forked};
  try {
    mail.emplace(ends.shared.get(), *birth.bell);
    platform::isolation::keep_only_standard_descriptors(std::move(ends.channel), std::move(ends.log), inside);
    hello.pid_in_function = platform::isolation::pid_in_function(inside);
    platform::isolation::enter_worker(birth.sandbox, inside);
    platform::this_process::set_thread_stack(kThreadStack);
    hello.isolated = wire::monotonic_now();
  } catch (const platform::SystemError& error) {
    // Fail closed: no handler code runs in a half-built sandbox.
    hello.error = error.error();
    std::strncpy(hello.step, error.step().c_str(), sizeof hello.step - 1);
    send_meta(wire::Kind::hello, hello);
    platform::this_process::exit_now(1);
  }
  send_meta(wire::Kind::hello, hello);
  if (birth.library == nullptr && birth.library_path.empty()) {
    // Started to see whether it can be: nothing is asked of it.
    std::array<char, 1> nothing{};
    const std::span<char> buffer(nothing);
    platform::receive_message(kWorkerChannel, std::span(&buffer, 1));
    platform::this_process::exit_now(0);
  }
  const HandlerLibrary* library = birth.library != nullptr ? birth.library : load(birth.library_path);
  inside.plugin.reset();
  serve_loop(birth, library->plugin(), *mail);
}

}  // namespace coffees
