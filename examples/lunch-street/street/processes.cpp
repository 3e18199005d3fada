#include "street/processes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "street/program.h"

namespace lunch {
namespace {

void must(bool worked, const char* what) {
  if (!worked) throw std::system_error(errno, std::generic_category(), what);
}

std::runtime_error ended_badly() { return std::runtime_error("a process of this program did not end well"); }

}  // namespace

Pipe::Pipe() { must(::pipe2(ends_, O_CLOEXEC) == 0, "pipe"); }

Pipe::~Pipe() {
  ::close(ends_[0]);
  close_writing_end();
}

void Pipe::write(const void* bytes, std::size_t size) const {
  must(::write(ends_[1], bytes, size) == static_cast<ssize_t>(size), "write to a queue");
}

bool Pipe::read(void* bytes, std::size_t size) const {
  const ssize_t count = ::read(ends_[0], bytes, size);
  must(count == 0 || count == static_cast<ssize_t>(size), "read from a queue");
  return count > 0;
}

bool Pipe::readable(std::chrono::milliseconds limit) const {
  pollfd item{ends_[0], POLLIN, 0};
  return ::poll(&item, 1, static_cast<int>(limit.count())) == 1;
}

void Pipe::close_writing_end() {
  if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
}

Staff::~Staff() {
  std::erase(processes_, 0);
  for (const pid_t process : processes_) ::kill(process, SIGKILL);
  for (const pid_t process : processes_) ::waitpid(process, nullptr, 0);
}

void Staff::start(const std::function<void()>& work) {
  const pid_t employer = ::getpid();
  const pid_t process = ::fork();
  must(process >= 0, "fork");
  if (process > 0) {
    processes_.push_back(process);
    return;
  }
  // Whoever ends the program ends its processes, too (PR_SET_PDEATHSIG(2const)).
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != employer) ::_exit(1);
  try {
    work();
    check_output();
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    std::fflush(stderr);
    ::_exit(1);
  }
  ::_exit(0);
}

void Staff::check() {
  for (pid_t& process : processes_) {
    int status = 0;
    if (::waitpid(process, &status, WNOHANG) != process) continue;
    process = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw ended_badly();
  }
  std::erase(processes_, 0);
}

void Staff::ask_to_stop() {
  for (const pid_t process : processes_) ::kill(process, SIGTERM);
  for (const pid_t process : processes_) ::waitpid(process, nullptr, 0);
  processes_.clear();
}

void Staff::wait() {
  bool all_well = true;
  while (!processes_.empty()) {
    int status = 0;
    const bool ended = ::waitpid(processes_.back(), &status, 0) == processes_.back();
    processes_.pop_back();
    all_well = all_well && ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  if (!all_well) throw ended_badly();
}

}  // namespace lunch
