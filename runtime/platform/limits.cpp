#include "platform/limits.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>

#include "platform/syscall.h"
#include "platform/unique_fd.h"

namespace coffees::platform::limits {
namespace {

// Never above the hard limit that is there already: only root could raise it.
void set(__rlimit_resource which, std::uint64_t value, const char* step) {
  rlimit limit{};
  check(::getrlimit(which, &limit), step);
  limit.rlim_max = std::min<rlim_t>(value, limit.rlim_max);
  limit.rlim_cur = limit.rlim_max;
  check(::setrlimit(which, &limit), step);
}

}  // namespace

void apply(const FunctionLimits& limits) {
  set(RLIMIT_CORE, 0, "limit core files");
  set(RLIMIT_NOFILE, limits.open_files, "limit open files");
  set(RLIMIT_FSIZE, limits.largest_file, "limit file size");
  set(RLIMIT_MEMLOCK, 64 * 1024, "limit locked memory");
  set(RLIMIT_MSGQUEUE, 0, "limit message queues");
  set(RLIMIT_RTPRIO, 0, "limit real-time priority");
  set(RLIMIT_NICE, 0, "limit nice");
  set(RLIMIT_SIGPENDING, 256, "limit pending signals");
  set(RLIMIT_STACK, 8 * 1024 * 1024, "limit stack");
  if (limits.limit_memory) set(RLIMIT_DATA, limits.memory, "limit memory");
}

void apply_process_count(std::uint64_t count) { set(RLIMIT_NPROC, count, "limit processes"); }

std::uint64_t raise_open_files() {
  rlimit limit{};
  check(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit(RLIMIT_NOFILE)");
  limit.rlim_cur = limit.rlim_max;
  check(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit(RLIMIT_NOFILE)");
  return limit.rlim_cur;
}

void prepare_descriptors(std::uint64_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto last = static_cast<int>(std::min<rlim_t>(count, limit.rlim_cur)) - 1;
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) return;
  // One that lies at the end; the table stays as large when it goes.
  const UniqueFd far(::fcntl(null.get(), F_DUPFD_CLOEXEC, last));
}

bool built_with_sanitizer() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

}  // namespace coffees::platform::limits
