#include "platform/fork.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>

#include "platform/syscall.h"

namespace coffees::platform {

Fork::Fork(const std::function<int()>& work, int output) {
  std::fflush(nullptr);  // or both would print what is in the buffers
  const pid_t parent = ::getpid();
  pid_ = check(::fork(), "fork");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  int status = 1;
  try {
    if (output >= 0) check(::dup2(output, STDOUT_FILENO), "dup2");
    status = work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error[E001]: %s\n", error.what());
  }
  std::fflush(nullptr);
  ::_exit(status);
}

Fork::~Fork() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

void Fork::ask_to_stop() const {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

int Fork::wait() {
  if (pid_ == 0) return -SIGKILL;
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid_, &status, 0);
  } while (ended < 0 && errno == EINTR);
  const bool unknown = ended != std::exchange(pid_, 0);
  if (unknown) return -SIGKILL;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::pair<UniqueFd, UniqueFd> make_pipe() {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string read_line(int descriptor) {
  std::string line;
  char byte = 0;
  while (::read(descriptor, &byte, 1) == 1 && byte != '\n') line += byte;
  return line;
}

}  // namespace coffees::platform
