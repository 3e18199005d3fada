#include "platform/this_process.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "platform/syscall.h"

namespace coffees::platform::this_process {

void exit_now(int status) { ::_exit(status); }

void allow_inspection(bool allowed) {
  check(::prctl(PR_SET_DUMPABLE, allowed ? 1 : 0, 0, 0, 0), "prctl(PR_SET_DUMPABLE)");
}

void adopt_orphans() { check(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)"); }

void set_thread_stack(std::size_t size) {
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return;
  if (::pthread_attr_setstacksize(&attributes, size) == 0) ::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void set_environment(std::string_view block) {
  ::clearenv();
  while (!block.empty()) {
    const std::string assignment(block.substr(0, block.find('\0')));
    block.remove_prefix(std::min(block.size(), assignment.size() + 1));
    const std::size_t equals = assignment.find('=');
    if (equals != std::string::npos)
      ::setenv(assignment.substr(0, equals).c_str(), assignment.substr(equals + 1).c_str(), 1);
  }
}

}  // namespace coffees::platform::this_process
