#include "platform/scheduling.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "platform/syscall.h"

namespace coffees::platform::scheduling {
namespace {

constexpr std::uint64_t kResetOnFork =
    0x01;  // SCHED_FLAG_RESET_ON_FORK; <linux/sched.h> and <sched.h> exclude each other

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
  attributes.flags = kResetOnFork;
  attributes.runtime = 100'000;  // nanoseconds, the shortest slice the kernel accepts
  if (::syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) return "sched_setattr: " + error_text(errno);
  return {};
}

void never_preempt_others() {
  const sched_param priority{};
  // Where a host refuses it, requests are only a little slower: nothing that anybody has to be told.
  (void)::sched_setscheduler(0, SCHED_BATCH, &priority);
}

void give_way() {
  constexpr int niceness = 10;
  // On Linux this is a matter of the thread, not of the process (setpriority(2), "C library/kernel
  // differences").
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
}

}  // namespace coffees::platform::scheduling
