#include "platform/this_process.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "platform/syscall.h"
#include "platform/unique_fd.h"

namespace coffees::platform::this_process {

void exit_now(int status) { ::_exit(status); }

void allow_inspection(bool allowed) {
  check(::prctl(PR_SET_DUMPABLE, allowed ? 1 : 0, 0, 0, 0), "prctl(PR_SET_DUMPABLE)");
}

void adopt_orphans() { check(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)"); }

namespace {
constexpr const char* kOomAdjustment = "/proc/self/oom_score_adj";
}

// Without streams: their buffers would leave holes in the heap that every worker inherits.
void be_killed_first() {
  const UniqueFd file(::open(kOomAdjustment, O_WRONLY | O_CLOEXEC));
  if (file) write_all(file.get(), std::to_string(kKilledFirst));
}

int oom_score_adjustment() {
  std::array<char, 16> text{};
  const UniqueFd file(::open(kOomAdjustment, O_RDONLY | O_CLOEXEC));
  return file && ::read(file.get(), text.data(), text.size() - 1) > 0 ? std::atoi(text.data()) : 0;
}

void set_thread_stack(std::size_t size) {
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return;
  if (::pthread_attr_setstacksize(&attributes, size) == 0) ::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}

Usage usage() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto nanoseconds = [](const timeval& time) {
    return (time.tv_sec * 1'000'000LL + time.tv_usec) * 1000;
  };
  return {.cpu_nanoseconds = nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime),
          .peak_rss = static_cast<std::uint64_t>(used.ru_maxrss) * 1024,
          .waits = static_cast<std::uint64_t>(used.ru_nvcsw)};
}

bool unread_output(int descriptor) {
  int size = 0;
  return ::ioctl(descriptor, FIONREAD, &size) != 0 || size != 0;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::vector<std::pair<std::string, std::string>> variables_with_prefix(std::string_view prefix) {
  std::vector<std::pair<std::string, std::string>> found;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && text.starts_with(prefix))
      found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

void set_environment(std::string_view block) {
  ::clearenv();
  // Not null, as clearenv(3) leaves it: programs walk through it without asking.
  static std::array<char*, 1> none{nullptr};
  environ = none.data();
  while (!block.empty()) {
    const std::string assignment(block.substr(0, block.find('\0')));
    block.remove_prefix(std::min(block.size(), assignment.size() + 1));
    const std::size_t equals = assignment.find('=');
    if (equals != std::string::npos)
      ::setenv(assignment.substr(0, equals).c_str(), assignment.substr(equals + 1).c_str(), 1);
  }
}

}  // namespace coffees::platform::this_process
