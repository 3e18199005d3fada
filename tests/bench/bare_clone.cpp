// What the kernel alone takes for a worker, as the measure for a cold start: clone3(2) with a worker's
// namespaces (users, processes, mounts), made where a zygote makes them, inside a function's sandbox with its
// small mount table; until the child has written one byte that says it runs. No id maps, no /tmp, no handler,
// no HTTP. `entered` is the same after all that isolation.cpp lets a worker do to itself. usage: bare_clone
// COUNT. Prints JSON.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/statistics.h"
#include "platform/clone.h"
#include "platform/identity.h"
#include "platform/isolation.h"
#include "platform/syscall.h"
#include "platform/this_process.h"

namespace {

using Clock = std::chrono::steady_clock;
namespace platform = coffees::platform;
namespace isolation = coffees::platform::isolation;

// The built-in limits of a function, and ids as the launcher gives them.
isolation::Sandbox sandbox() {
  const bool root = platform::identity::is_root();
  return {.level = isolation::Level::full,
          .outside_user = root ? 200'000 : platform::identity::user(),
          .outside_group = root ? 200'000 : platform::identity::group(),
          .mapped_by_root = root,
          .tmp_size = 64 << 20,
          .processes = 32,
          .limits = {.memory = 128 << 20, .largest_file = 64 << 20}};
}

// Milliseconds from before the clone to the byte.
double start_one(const isolation::Sandbox& sandbox, isolation::SandboxHandles& inside, bool enter) {
  std::array<int, 2> ends{};
  platform::check(::pipe(ends.data()), "pipe");
  // As a child of its cloner, which has to wait for it here.
  const std::uint64_t flags = isolation::worker_clone_flags(sandbox) & ~std::uint64_t{CLONE_PARENT};
  const Clock::time_point begin = Clock::now();
  const platform::Cloned child = platform::clone_process(flags, false);
  if (child.in_child) {
    if (enter) isolation::enter_worker(sandbox, inside);
    ::_exit(::write(ends[1], "", 1) == 1 ? 0 : 1);
  }
  ::close(ends[1]);
  char byte = 0;
  const bool runs = ::read(ends[0], &byte, 1) == 1;
  const Clock::time_point end = Clock::now();
  ::close(ends[0]);
  ::waitpid(child.pid, nullptr, 0);
  if (!runs) throw platform::SystemError("wait for the clone", ECHILD);
  ::usleep(2000);  // as between the cold starts
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

void measure(const isolation::Sandbox& sandbox, int count) {
  isolation::SandboxHandles inside = isolation::enter_function(sandbox, -1, {});
  platform::this_process::allow_inspection(true);  // as in a zygote: its workers write their own id maps
  std::vector<double> bare;
  std::vector<double> entered;
  for (int i = 0; i < count; ++i) {
    bare.push_back(start_one(sandbox, inside, false));
    entered.push_back(start_one(sandbox, inside, true));
  }
  using coffees::bench::percentile;
  std::printf(R"({"p50_ms": %.4f, "p99_ms": %.4f, "entered_p50_ms": %.4f, "entered_p99_ms": %.4f})"
              "\n",
              percentile(bare, 50), percentile(bare, 99), percentile(entered, 50), percentile(entered, 99));
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  try {
    // The launcher ends once it has cloned the init, which thus becomes this process's child.
    const pid_t launcher = platform::check(::fork(), "fork");
    if (launcher == 0) {
      const isolation::Sandbox confined = sandbox();
      if (isolation::launch_init(confined).in_child) measure(confined, std::atoi(arguments[1]));
      ::_exit(0);
    }
  } catch (const platform::SystemError& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    ::_exit(1);
  }
  int failed = 0;
  for (int status = 0; ::waitpid(-1, &status, __WALL) > 0;) failed |= status;
  return failed != 0 ? 1 : 0;
}
