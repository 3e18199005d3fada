#include "zygote/init_main.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

#include "platform/channel.h"
#include "platform/children.h"
#include "platform/clone.h"
#include "platform/outside_signals.h"
#include "platform/syscall.h"
#include "platform/this_process.h"
#include "zygote/zygote_main.h"

namespace coffees::zygote {
namespace {

using platform::UniqueFd;
using platform::isolation::Level;
using platform::isolation::SandboxHandles;

// Nothing can be reported to a dispatcher that is gone. The loop that waits on the channel sees that, and
// ends in order.
void send_report(const Report& report, std::span<const int> descriptors = {}) {
  (void)platform::send_message(kControl, platform::bytes_of(report), descriptors);
}

[[noreturn]] void report_failure_and_exit(const platform::SystemError& error) {
  Report report{.kind = ReportKind::failed, .error = error.error()};
  std::snprintf(report.step, sizeof report.step, "%s", error.step().c_str());
  send_report(report);
  platform::this_process::exit_now(1);
}

void reap_and_report(pid_t zygote) {
  while (const auto ended = platform::ChildWatch::reap())
    send_report(Report{.kind = ended->pid == zygote ? ReportKind::zygote_ended : ReportKind::child_ended,
                       .pid = ended->pid,
                       .status = ended->status});
}

// Starts a zygote; in the child never returns.
pid_t start_zygote(const LaunchRequest& request, SandboxHandles& inside, platform::Received& received,
                   bool load_library) {
  platform::Cloned zygote = platform::clone_process(0, true);
  if (!zygote.in_child) {
    const int handle = zygote.process.get();
    send_report(Report{.kind = ReportKind::zygote_started, .pid = zygote.pid}, std::span(&handle, 1));
    return zygote.pid;
  }
  platform::ChildWatch::forget_in_child();
  zygote_main({.sandbox = request.sandbox, .function = request.function, .load_library = load_library},
              {.channel = std::move(received.descriptors[0]),
               .log = std::move(received.descriptors[1]),
               .shared = std::move(received.descriptors[2])},
              std::move(inside));
}

[[noreturn]] void end(const LaunchRequest& request, const SandboxHandles& inside) {
  // With a PID namespace the kernel does this by itself.
  if (request.sandbox.level != Level::full) platform::ChildWatch::kill_all();
  platform::isolation::leave_function(inside);
  platform::this_process::exit_now(0);
}

}  // namespace

void launcher_main(UniqueFd channel) {
  try {
    // Inherited by init, and by zygotes until they say otherwise.
    platform::outside_signals::ignore();
    // Whatever the dispatcher was started with: none of it is ours.
    platform::close_descriptors_from(4);
    std::vector<char> buffer(kLongestLaunch);
    platform::Received received = platform::receive_with_descriptors(channel.get(), buffer);
    LaunchRequest request;
    if (received.state != platform::ReceiveState::message || received.truncated ||
        received.size < sizeof request)
      platform::this_process::exit_now(1);
    std::memcpy(static_cast<void*>(&request), buffer.data(), sizeof request);
    if (request.magic != kMagic ||
        received.size != sizeof request + request.environment_size + request.view_size)
      platform::this_process::exit_now(1);
    const char* const environment = buffer.data() + sizeof request;
    platform::this_process::set_environment({environment, request.environment_size});
    platform::View view = platform::View::unpack({environment + request.environment_size, request.view_size});
    if (request.sandbox.level == Level::full) platform::open_trees(view, false);
    platform::this_process::be_killed_first();
    UniqueFd plugin;
    if (!received.descriptors.empty()) plugin = std::move(received.descriptors.front());

    const platform::isolation::LaunchedInit init = platform::isolation::launch_init(request.sandbox);
    if (init.in_child) init_main(std::move(channel), request, std::move(plugin), std::move(view));
    const int handle = init.process.get();
    send_report(Report{.kind = ReportKind::launched}, std::span(&handle, 1));
  } catch (const platform::SystemError& error) {
    report_failure_and_exit(error);
  }
  platform::this_process::exit_now(0);
}

void init_main(UniqueFd channel, const LaunchRequest& request, UniqueFd plugin, platform::View view) {
  pid_t zygote = 0;
  SandboxHandles inside;
  try {
    platform::this_process::adopt_orphans();
    inside = platform::isolation::enter_function(request.sandbox, plugin.get(), std::move(view));
    // No process of the namespace may look into init or change it (ptrace(2)); its zygotes say otherwise for
    // themselves.
    platform::this_process::allow_inspection(false);
    const platform::ChildWatch children;
    send_report(Report{.kind = ReportKind::sandboxed});

    while (true) {
      const bool commanded = children.wait(channel.get());
      reap_and_report(zygote);
      if (!commanded) continue;
      StartZygote command;
      platform::Received received =
          platform::receive_with_descriptors(channel.get(), platform::writable_bytes_of(command));
      if (received.state != platform::ReceiveState::message) end(request, inside);
      if (received.size != sizeof command || command.magic != kMagic || received.descriptors.size() != 3)
        end(request, inside);
      if (zygote != 0) platform::isolation::forget_traces_of_init(request.sandbox);
      zygote = start_zygote(request, inside, received, command.load_library != 0);
    }
  } catch (const platform::SystemError& error) {
    report_failure_and_exit(error);
  }
  end(request, inside);
}

}  // namespace coffees::zygote
