#include "platform/fitness.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "platform/unique_fd.h"

namespace coffees::platform::fitness {
namespace {

void* do_nothing(void*) { return nullptr; }

bool can_start_thread() {
  pthread_t thread{};
  if (::pthread_create(&thread, nullptr, do_nothing, nullptr) != 0) return false;
  ::pthread_join(thread, nullptr);
  return true;
}

bool tmp_is_full() {
  struct statvfs information {};
  return ::statvfs("/tmp", &information) == 0 && (information.f_bavail == 0 || information.f_favail == 0);
}

}  // namespace

bool has_children() {
  siginfo_t ignored{};
  return ::waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

Missing what_is_missing(bool own_tmp) {
  if (::fcntl(1, F_GETFD) < 0 || ::fcntl(2, F_GETFD) < 0) return Missing::output;
  if (!UniqueFd(::fcntl(0, F_DUPFD_CLOEXEC, 0)) && !UniqueFd(::fcntl(3, F_DUPFD_CLOEXEC, 0)))
    return Missing::descriptors;
  if (!can_start_thread()) return Missing::threads;
  if (own_tmp && tmp_is_full()) return Missing::tmp;
  return Missing::nothing;
}

}  // namespace coffees::platform::fitness
