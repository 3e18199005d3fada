#include "zygote/init_main.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "platform/channel.h"
#include "platform/clone.h"
#include "platform/syscall.h"
#include "zygote/zygote_main.h"

namespace coffees::zygote {
namespace {

using platform::UniqueFd;
using platform::isolation::Inside;
using platform::isolation::Level;

constexpr int kControl = 3;

void send_report(const Report& report, std::span<const int> descriptors = {}) {
  if (platform::send_message(kControl, platform::bytes_of(report), descriptors) != platform::SendState::sent)
    ::_exit(0);
}

[[noreturn]] void report_failure_and_exit(const platform::SystemError& error) {
  Report report{.kind = ReportKind::failed, .error = error.error()};
  std::snprintf(report.step, sizeof report.step, "%s", error.step().c_str());
  send_report(report);
  ::_exit(1);
}

platform::ExitStatus exit_status(const siginfo_t& information) {
  if (information.si_code == CLD_EXITED) return {.code = information.si_status, .signal = 0};
  return {.code = 0, .signal = information.si_status};
}

void reap_and_report(pid_t zygote) {
  while (true) {
    siginfo_t information{};
    // __WALL: workers were cloned as siblings of the zygote and may carry no exit signal (wait(2)).
    if (::waitid(P_ALL, 0, &information, WEXITED | WNOHANG | __WALL) != 0 || information.si_pid == 0) return;
    Report report{.kind = information.si_pid == zygote ? ReportKind::zygote_ended : ReportKind::child_ended,
                  .pid = information.si_pid,
                  .status = exit_status(information)};
    send_report(report);
  }
}

// Without a PID namespace nobody does it for us: orphans of orphans come to us too (PR_SET_CHILD_SUBREAPER), so killing
// all children until there are none reaches every descendant.
void kill_all_descendants() {
  const std::string list = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  while (true) {
    std::ifstream children(list);
    pid_t child = 0;
    while (children >> child) ::kill(child, SIGKILL);
    siginfo_t information{};
    if (::waitid(P_ALL, 0, &information, WEXITED | __WALL) != 0 && errno == ECHILD) return;
  }
}

// Starts a zygote; in the child never returns.
pid_t start_zygote(const LaunchRequest& request, Inside& inside, platform::Received& received, bool load_library) {
  platform::Cloned zygote = platform::clone_process(0, true);
  if (!zygote.in_child) {
    const int handle = zygote.process.get();
    send_report(Report{.kind = ReportKind::zygote_started, .pid = zygote.pid}, std::span(&handle, 1));
    return zygote.pid;
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  zygote_main({.sandbox = request.sandbox, .function = request.function, .load_library = load_library},
              std::move(received.descriptors[0]), std::move(received.descriptors[1]), std::move(inside));
}

UniqueFd block_and_watch_children() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGCHLD);
  platform::check(::sigprocmask(SIG_BLOCK, &signals, nullptr), "sigprocmask");
  return UniqueFd(platform::check(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

void set_environment(std::string_view block) {
  ::clearenv();
  while (!block.empty()) {
    const std::string assignment(block.substr(0, block.find('\0')));
    block.remove_prefix(std::min(block.size(), assignment.size() + 1));
    const auto equals = assignment.find('=');
    if (equals != std::string::npos)
      ::setenv(assignment.substr(0, equals).c_str(), assignment.substr(equals + 1).c_str(), 1);
  }
}

[[noreturn]] void end(const LaunchRequest& request) {
  if (request.sandbox.level != Level::full) kill_all_descendants();
  ::_exit(0);
}

}  // namespace

void launcher_main(UniqueFd channel) {
  try {
    // Whatever the dispatcher was started with: none of it is ours.
    platform::check(::close_range(4, ~0U, 0), "close_range");
    std::vector<char> buffer(128 * 1024);
    platform::Received received = platform::receive_with_descriptors(channel.get(), buffer);
    LaunchRequest request;
    if (received.state != platform::ReceiveState::message || received.truncated || received.size < sizeof request)
      ::_exit(1);
    __builtin_memcpy(static_cast<void*>(&request), buffer.data(), sizeof request);
    if (request.magic != kMagic || received.size != sizeof request + request.environment_size) ::_exit(1);
    set_environment({buffer.data() + sizeof request, request.environment_size});
    UniqueFd plugin;
    if (!received.descriptors.empty()) plugin = std::move(received.descriptors.front());

    const platform::isolation::LaunchedInit init = platform::isolation::launch_init(request.sandbox);
    if (init.in_child) init_main(std::move(channel), request, std::move(plugin));
    const int handle = init.process.get();
    send_report(Report{.kind = ReportKind::launched}, std::span(&handle, 1));
  } catch (const platform::SystemError& error) {
    report_failure_and_exit(error);
  }
  ::_exit(0);
}

void init_main(UniqueFd channel, const LaunchRequest& request, UniqueFd plugin) {
  pid_t zygote = 0;
  try {
    // Nobody in the namespace may look into init or change it (ptrace(2)); its zygotes say otherwise for themselves.
    platform::check(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)");
    Inside inside =
        platform::isolation::enter_function(request.sandbox, plugin.get(), std::string(request.function) + ".so");
    platform::check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl(PR_SET_DUMPABLE)");
    const UniqueFd children = block_and_watch_children();
    send_report(Report{.kind = ReportKind::sandboxed});

    while (true) {
      std::array<pollfd, 2> items{{{channel.get(), POLLIN, 0}, {children.get(), POLLIN, 0}}};
      if (::poll(items.data(), items.size(), -1) < 0 && errno != EINTR) break;
      if (items[1].revents != 0) {
        signalfd_siginfo drained{};
        while (::read(children.get(), &drained, sizeof drained) > 0) {
        }
        reap_and_report(zygote);
      }
      if (items[0].revents == 0) continue;
      StartZygote command;
      platform::Received received =
          platform::receive_with_descriptors(channel.get(), platform::writable_bytes_of(command));
      if (received.state != platform::ReceiveState::message) end(request);
      if (received.size != sizeof command || command.magic != kMagic || received.descriptors.size() != 2) end(request);
      zygote = start_zygote(request, inside, received, command.load_library != 0);
    }
  } catch (const platform::SystemError& error) {
    report_failure_and_exit(error);
  }
  end(request);
}

}  // namespace coffees::zygote
