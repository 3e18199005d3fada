#include "platform/children.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <string>

#include "platform/syscall.h"

namespace coffees::platform {

ChildWatch::ChildWatch() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGCHLD);
  check(::sigprocmask(SIG_BLOCK, &signals, nullptr), "sigprocmask");
  signals_ = UniqueFd(check(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

bool ChildWatch::wait(int channel) const {
  std::array<pollfd, 2> items{{{channel, POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
  while (::poll(items.data(), items.size(), -1) < 0)
    if (errno != EINTR) throw_errno("poll");
  if (items[1].revents != 0) {
    // One signal may stand for many children: what it says is not looked at.
    signalfd_siginfo drained{};
    while (::read(signals_.get(), &drained, sizeof drained) > 0) {
    }
  }
  return items[0].revents != 0;
}

std::optional<EndedChild> ChildWatch::reap() {
  siginfo_t information{};
  // A child that has called ptrace(PTRACE_TRACEME) makes its parent its tracer: its stops are told here, too,
  // whatever is asked for (ptrace(2), waitid(2)). They are not ends.
  do {
    if (::waitid(P_ALL, 0, &information, WEXITED | WNOHANG | __WALL) != 0 || information.si_pid == 0)
      return std::nullopt;
  } while (information.si_code != CLD_EXITED && information.si_code != CLD_KILLED &&
           information.si_code != CLD_DUMPED);
  EndedChild ended{.pid = information.si_pid, .status = {}};
  if (information.si_code == CLD_EXITED)
    ended.status.code = information.si_status;
  else
    ended.status.signal = information.si_status;
  return ended;
}

void ChildWatch::forget_in_child() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void ChildWatch::kill_all() {
  const std::string list = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  while (true) {
    std::ifstream children(list);
    pid_t child = 0;
    while (children >> child) ::kill(child, SIGKILL);
    siginfo_t information{};
    if (::waitid(P_ALL, 0, &information, WEXITED | __WALL) != 0 && errno == ECHILD) return;
  }
}

}  // namespace coffees::platform
