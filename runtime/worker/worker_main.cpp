#include "worker/worker_main.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <new>
#include <optional>

#include "platform/channel.h"
#include "platform/syscall.h"
#include "worker/handler_library.h"
#include "worker/serve_loop.h"
#include "worker/wire.h"

namespace coffees {
namespace {

using platform::isolation::Inside;

// The thread stacks of handlers count as memory (getrlimit(2), RLIMIT_DATA); 8 MiB each would eat up a small limit.
constexpr std::size_t kThreadStack = 2 * 1024 * 1024;

void set_default_thread_stack() {
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return;
  if (::pthread_attr_setstacksize(&attributes, kThreadStack) == 0) ::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}

// The number under which init will report our end: the procfs of the function's PID namespace calls us by it.
std::int32_t pid_in_function(const Inside& inside) {
  if (!inside.proc) return ::getpid();
  std::array<char, 16> link{};
  platform::check(::readlinkat(inside.proc.get(), "self", link.data(), link.size() - 1), "read own process id");
  return std::atoi(link.data());
}

template <typename Meta>
void send_meta(wire::Kind kind, const Meta& meta, std::string_view texts = {}) {
  std::string packet;
  wire::append_head(packet, wire::PacketHeader{.kind = kind}, meta, texts.size());
  packet.append(texts);
  if (platform::send_message(kWorkerChannel, packet) != platform::SendState::sent) ::_exit(0);
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
    ::_exit(1);
  }
}

}  // namespace

void worker_main(WorkerBirth birth, platform::UniqueFd channel, platform::UniqueFd log, Inside inside) {
  wire::Hello hello{.command_received = birth.command_received, .forked = birth.forked};
  try {
    platform::isolation::keep_only_standard_descriptors(std::move(channel), std::move(log), inside);
    hello.pid_in_function = pid_in_function(inside);
    platform::isolation::enter_worker(birth.sandbox, inside);
    set_default_thread_stack();
    hello.isolated = wire::monotonic_now();
  } catch (const platform::SystemError& error) {
    // Fail closed: no handler code runs in a half-built sandbox.
    hello.error = error.error();
    std::strncpy(hello.step, error.step().c_str(), sizeof hello.step - 1);
    send_meta(wire::Kind::hello, hello);
    ::_exit(1);
  }
  send_meta(wire::Kind::hello, hello);
  if (birth.library == nullptr && birth.library_path.empty()) {
    // Started to see whether it can be: nothing is asked of it.
    std::array<char, 1> nothing{};
    const std::span<char> buffer(nothing);
    platform::receive_message(kWorkerChannel, std::span(&buffer, 1));
    ::_exit(0);
  }
  const HandlerLibrary* library = birth.library != nullptr ? birth.library : load(birth.library_path);
  inside.plugin.reset();
  serve_loop(birth, library->plugin());
}

}  // namespace coffees
