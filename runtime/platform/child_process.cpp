#include "platform/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

#include "platform/outside_signals.h"
#include "platform/syscall.h"

namespace coffees::platform {
namespace {

void check_spawn(int error, const char* step) {
  if (error != 0) throw SystemError(step, error);
}

// Owns the two attribute objects of posix_spawn(3) so that every path frees them.
struct SpawnPlan {
  SpawnPlan() {
    check_spawn(::posix_spawnattr_init(&attributes), "posix_spawnattr_init");
    check_spawn(::posix_spawn_file_actions_init(&files), "posix_spawn_file_actions_init");
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
  }
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t files{};
};

}  // namespace

std::string describe(ExitStatus status) {
  if (status.signal == 0) return "exit status " + std::to_string(status.code);
  const char* name = ::sigdescr_np(status.signal);
  std::string text = name != nullptr ? name : "signal " + std::to_string(status.signal);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z' && status.signal != SIGIO)
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string describe(const abort_notifier::Notice& notice) {
  std::string text = describe(ExitStatus{.code = 0, .signal = notice.signal});
  if (notice.has_address != 0) {
    std::array<char, 24> address{};
    std::snprintf(address.data(), address.size(), "0x%llx", static_cast<unsigned long long>(notice.address));
    text.append(" at address ").append(address.data());
  }
  const std::size_t size = ::strnlen(notice.place.data(), notice.place.size());
  if (size > 0) text.append(", in ").append(notice.place.data(), size);
  return text;
}

pid_t spawn(const std::string& program, const std::vector<std::string>& arguments, int channel) {
  SpawnPlan plan;
  sigset_t all;
  ::sigfillset(&all);
  // A signal to every process of ours may come before the program can say that it ignores it.
  const sigset_t blocked = outside_signals::all();
  check_spawn(::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK),
              "posix_spawnattr_setflags");
  check_spawn(::posix_spawnattr_setsigdefault(&plan.attributes, &all), "posix_spawnattr_setsigdefault");
  check_spawn(::posix_spawnattr_setsigmask(&plan.attributes, &blocked), "posix_spawnattr_setsigmask");
  // The channel first: /dev/null could otherwise be opened onto it. dup2 onto itself clears close-on-exec
  // (posix_spawn_file_actions_adddup2(3), POSIX.1-2024).
  check_spawn(::posix_spawn_file_actions_adddup2(&plan.files, channel, 3), "posix_spawn dup2");
  check_spawn(::posix_spawn_file_actions_addopen(&plan.files, 0, "/dev/null", O_RDONLY, 0),
              "posix_spawn open /dev/null");
  check_spawn(::posix_spawn_file_actions_addopen(&plan.files, 1, "/dev/null", O_WRONLY, 0),
              "posix_spawn open /dev/null");

  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<char*, 1> environment{nullptr};
  pid_t pid = 0;
  check_spawn(
      ::posix_spawn(&pid, program.c_str(), &plan.files, &plan.attributes, argv.data(), environment.data()),
      ("start " + program).c_str());
  return pid;
}

UniqueFd open_process(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0 && errno == ESRCH) return {};
  return UniqueFd(static_cast<int>(check(fd, "pidfd_open")));
}

std::uint64_t peak_memory(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  constexpr std::string_view name = "VmHWM:";
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size(), nullptr, 10) * 1024;
  return 0;
}

void kill_process(int process) noexcept {
  // SIGKILL to a child of ours fails only when it is gone.
  ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0);
}

void ask_to_end(int process) noexcept {
  ::syscall(SYS_pidfd_send_signal, process, abort_notifier::end_now_signal(), nullptr, 0);
}

void kill_group(pid_t group) noexcept {
  if (group > 1) ::kill(-group, SIGKILL);
}

bool wait_for_all(const std::vector<int>& processes, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (const int process : processes) {
    pollfd item{process, POLLIN, 0};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (::poll(&item, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) return false;
  }
  return true;
}

namespace {

void ignore(int signal, const char* step) {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  check(::sigaction(signal, &action, nullptr), step);
}

}  // namespace

void survive_broken_pipes() { ignore(SIGPIPE, "sigaction(SIGPIPE)"); }

void reap_children_automatically() { ignore(SIGCHLD, "sigaction(SIGCHLD)"); }

}  // namespace coffees::platform
