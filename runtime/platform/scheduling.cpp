#include "platform/scheduling.h"

#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "platform/syscall.h"

namespace coffees::platform::scheduling {
namespace {

// Layout of struct sched_attr, first version (sched_setattr(2)); C libraries before 2.41 do not declare it.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

}  // namespace

std::string prefer_quick_wakeups() {
  SchedulingAttributes attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0)
    return "sched_getattr: " + error_text(errno);
  attributes.size = sizeof attributes;
  attributes.flags = SCHED_FLAG_RESET_ON_FORK;
  attributes.runtime = 100'000;  // nanoseconds, the shortest slice the kernel accepts
  if (::syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) return "sched_setattr: " + error_text(errno);
  return {};
}

}  // namespace coffees::platform::scheduling
