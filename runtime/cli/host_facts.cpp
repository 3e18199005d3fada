#include "cli/host_facts.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>

#include "cli/assembly.h"
#include "platform/scheduling.h"
#include "platform/this_process.h"
#include "zygote/zygote_source.h"

namespace coffees::cli {
namespace {

using platform::isolation::Level;

constexpr int kWorkersAdjustment = platform::this_process::kKilledFirst;

// The usual culprits, so that the user need not know what EPERM from clone means.
std::string likely_cause(const std::string& failure) {
  if (failure.find("clone") != std::string::npos)
    return "the host refuses user namespaces (a container's seccomp profile, or sysctl "
           "user.max_user_namespaces = 0)";
  if (failure.find("map user id") != std::string::npos || failure.find("mount") != std::string::npos ||
      failure.find("proc") != std::string::npos)
    return "user namespaces have no privileges on this host (AppArmor's unprivileged_userns restriction, or "
           "a container that masks /proc)";
  return "see the step that failed";
}

std::vector<Feature> features_of(Level level, const std::string& why_not_full) {
  const bool full = level == Level::full;
  const bool basic = level != Level::none;
  const std::string off = level == Level::none ? "isolation = \"none\" was asked for" : why_not_full;
  const auto needs_full = [&](const char* name, const char* how) {
    return Feature{name, full, full ? how : off};
  };
  const auto needs_basic = [&](const char* name, const char* how) {
    return Feature{name, basic, basic ? how : off};
  };
  const bool memory = basic && !platform::limits::built_with_sanitizer();
  return {
      needs_full("own users",
                 "user namespace: uid 1000 inside, an unprivileged uid outside; no nested user namespaces"),
      needs_full("own processes", "PID namespace per worker: killing it kills all that it started"),
      needs_full("private root",
                 "libraries and time zones read-only; of /etc ld.so.cache and localtime, more with `network` "
                 "or `programs`; no /home, no /proc"),
      needs_full("private /tmp", "tmpfs per worker, gone with it; begins with what init left there"),
      needs_full("no network", "network namespace per function; its workers share its loopback interface"),
      needs_full("own IPC, host name", "IPC and UTS namespaces"),
      needs_full("process limit", "RLIMIT_NPROC per worker"),
      needs_basic("no capabilities", "all sets empty, no_new_privs"),
      needs_basic("resource limits", "files, file size, stack, locked memory, no core files"),
      {"memory limit", memory,
       memory ? "RLIMIT_DATA per process (no memory cgroup)"
              : (basic ? "this build has a sanitizer, which maps terabytes" : off)},
      {"closed descriptors", true, "0-3 only: /dev/null, log, log, channel"},
      {"empty environment", true, "only the function's own `env`"},
      {"seccomp", false, "this version has no system call filter yet"},
      {"Landlock", false, "this version has no Landlock rules yet"},
  };
}

// The probe loads nothing, so nothing prints.
class NoLog : public LogSink {
  void line(const LogOrigin&, std::string_view, std::string_view) override {}
  void note(const LogOrigin&, std::string_view, std::string_view) override {}
};

}  // namespace

std::string program_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

HostFacts explore_host(Loop& loop, TimerQueue& timers, config::IsolationWish wish) {
  HostFacts facts;
  facts.worker_program = program_directory() + "/coffees-worker";
  facts.level = Level::none;
  if (wish != config::IsolationWish::none) {
    facts.level = Level::full;
    config::Function probe;
    probe.name = "probe";
    NoLog no_log;
    zygote::ZygoteSource source(loop, timers, source_settings(probe, config::Server{}, facts, 0), no_log);
    StartResult result;
    spawn_detached(loop.get_executor(),
                   [](zygote::ZygoteSource& from, StartResult& into, Loop& until) -> Task<> {
                     into = co_await from.start(1);
                     until.stop();
                   }(source, result, loop));
    loop.run();
    loop.restart();
    if (!result.worker) {
      facts.level = Level::basic;
      facts.why_not_full = result.failure.message + " - " + likely_cause(result.failure.message);
    }
    source.close();
    loop.poll();
    loop.restart();
  }
  facts.features = features_of(facts.level, facts.why_not_full);
  const int adjustment = platform::this_process::oom_score_adjustment();
  facts.features.push_back(
      {"killed first", adjustment < kWorkersAdjustment,
       adjustment < kWorkersAdjustment
           ? fmt::format("oom_score_adj {} for handlers, {} for the server", kWorkersAdjustment, adjustment)
           : fmt::format("the server's own oom_score_adj is {}: handlers cannot come before it",
                         adjustment)});
  const std::string slow = platform::scheduling::prefer_quick_wakeups();
  facts.features.push_back(
      {"quick wake-ups", slow.empty(), slow.empty() ? "0.1 ms slices for the dispatcher" : slow});
  return facts;
}

}  // namespace coffees::cli
