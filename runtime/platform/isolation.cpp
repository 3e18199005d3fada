#include "platform/isolation.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "platform/capabilities.h"
#include "platform/clone.h"
#include "platform/link_folder.h"
#include "platform/namespaces.h"
#include "platform/network.h"
#include "platform/private_root.h"
#include "platform/scheduling.h"
#include "platform/scratch.h"
#include "platform/syscall.h"

namespace coffees::platform::isolation {
namespace {

// Where keep_only_standard_descriptors() puts it.
constexpr const char* kSealedCopy = "/proc/self/fd/4";

// Where there is no private root: a copy that cannot be changed while workers run it (memfd_create(2),
// F_ADD_SEALS).
UniqueFd sealed_copy(int file) {
  UniqueFd copy(check(::memfd_create("handler", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create"));
  off_t offset = 0;
  while (check(::sendfile(copy.get(), file, &offset, 1 << 20), "copy handler library") != 0) {
  }
  check(::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
        "seal handler library");
  return copy;
}

}  // namespace

const char* name_of(Level level) {
  switch (level) {
    case Level::none:
      return "none";
    case Level::basic:
      return "basic";
    case Level::full:
      return "full";
  }
  return "?";
}

void die_with_parent() { check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "set parent-death signal"); }

LaunchedInit launch_init(const Sandbox& sandbox) {
  std::array<int, 2> gate{};
  check(::pipe2(gate.data(), O_CLOEXEC), "pipe2");
  UniqueFd wait_end(gate[0]);
  UniqueFd open_end(gate[1]);
  const bool full = sandbox.level == Level::full;
  Cloned init =
      clone_process(CLONE_PARENT | (full ? namespaces::of_function(sandbox.host_network) : 0), true);
  if (!init.in_child) {
    if (full) namespaces::map_ids_of(init.pid, sandbox.outside_user, sandbox.outside_group);
    check(::write(open_end.get(), "", 1), "let init go");
    return {.in_child = false, .process = std::move(init.process)};
  }
  open_end.reset();
  char go = 0;
  // Nothing to read: the launcher failed to map our ids and has said so itself.
  if (::read(wait_end.get(), &go, 1) != 1) ::_exit(1);
  return {.in_child = true, .process = {}};
}

SandboxHandles enter_function(const Sandbox& sandbox, int plugin, View view) {
  SandboxHandles inside;
  // A separate session is a separate scheduling group (sched(7), autogroup): one spinning function cannot
  // starve another.
  check(::setsid(), "start a session");
  ::umask(077);
  scheduling::never_preempt_others();
  if (sandbox.level != Level::full) {
    if (plugin >= 0) inside.plugin = sealed_copy(plugin);
    link_folder::enter(view, kSealedCopy, inside.links, inside.plugin_path);
  }
  if (sandbox.level == Level::none) return inside;
  if (sandbox.level == Level::full) {
    // While this process may still look where the server may.
    open_trees(view, true);
    namespaces::become_inside_user(sandbox.mapped_by_root);
    die_with_parent();
    if (!sandbox.host_network) network::bring_up_loopback();
    inside.proc = private_root::detached_proc();
    namespaces::skip_small_process_ids(inside.proc.get());
    if (plugin >= 0) inside.plugin_path = kLibrariesFolder + view.plugin;
    private_root::enter(plugin, view, sandbox.tmp_size);
    check(::sethostname("coffee", 6), "set host name");
  }
  limits::apply(sandbox.limits);
  if (sandbox.level == Level::full) capabilities::forbid_regaining();
  capabilities::drop_all();
  capabilities::set_no_new_privs();
  // Here: the Landlock layer without file-system rules (a layer with them would forbid the workers' mount of
  // /tmp), then the function's seccomp filter.
  return inside;
}

void leave_function(const SandboxHandles& inside) { link_folder::remove(inside.links); }

void forget_traces_of_init(const Sandbox& sandbox) {
  if (sandbox.level == Level::full) scratch::clear_tmp();
}

void note_traces_of_init(const Sandbox& sandbox, SandboxHandles& inside) {
  inside.tmp_in_use = sandbox.level == Level::full && scratch::tmp_in_use();
}

std::uint64_t worker_clone_flags(const Sandbox& sandbox) {
  return CLONE_PARENT | (sandbox.level == Level::full ? namespaces::of_worker() : 0);
}

void enter_worker(const Sandbox& sandbox, SandboxHandles& inside) {
  if (sandbox.level == Level::full) {
    namespaces::map_own_ids(inside.proc.get());
    if (inside.tmp_in_use)
      scratch::continue_tmp(sandbox.tmp_size);
    else
      scratch::mount_empty("/tmp", sandbox.tmp_size, "mount private /tmp");
    if (sandbox.shm_size > 0) scratch::mount_empty("/dev/shm", sandbox.shm_size, "mount private /dev/shm");
    namespaces::forbid_nested(inside.proc.get());
    limits::apply_process_count(sandbox.processes);
    capabilities::drop_all();
  } else {
    // The leader of a process group of its own, so that what it starts can be killed with it.
    check(::setpgid(0, 0), "start a process group");
  }
  die_with_parent();
  // Here: the Landlock layer with file-system rules, then the worker's seccomp filter.
  inside.proc.reset();
}

void keep_only_standard_descriptors(UniqueFd channel, UniqueFd log, SandboxHandles& inside) {
  UniqueFd& keep = inside.proc ? inside.proc : inside.plugin;
  // Out of the way first: one of them may sit where another one has to go.
  channel = UniqueFd(check(::fcntl(channel.get(), F_DUPFD_CLOEXEC, 10), "fcntl(F_DUPFD)"));
  log = UniqueFd(check(::fcntl(log.get(), F_DUPFD_CLOEXEC, 10), "fcntl(F_DUPFD)"));
  if (keep) keep = UniqueFd(check(::fcntl(keep.get(), F_DUPFD_CLOEXEC, 10), "fcntl(F_DUPFD)"));
  // A library's init may have put something else onto 0 in the zygote: a worker begins with what is
  // documented.
  UniqueFd null(check(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null"));
  check(::dup2(null.get(), 0), "dup2");
  null.reset();
  check(::dup3(channel.get(), 3, O_CLOEXEC), "dup3");
  check(::dup2(log.get(), 1), "dup2");
  check(::dup2(log.get(), 2), "dup2");
  if (keep) {
    check(::dup3(keep.get(), 4, O_CLOEXEC), "dup3");
    keep = UniqueFd(4);
  }
  channel.reset();
  log.reset();
  check(::close_range(keep ? 5 : 4, ~0U, 0), "close_range");
}

std::int32_t pid_in_function(const SandboxHandles& inside) {
  if (!inside.proc) return ::getpid();
  std::array<char, 16> link{};
  check(::readlinkat(inside.proc.get(), "self", link.data(), link.size() - 1), "read own process id");
  return std::atoi(link.data());
}

OpenFiles files_left_open(const Sandbox& sandbox, const SandboxHandles& inside) {
  constexpr std::uint32_t most_named = 3;
  OpenFiles open;
  // One by one: reading the directory would leave a hole in the heap that every worker inherits.
  const auto end = static_cast<int>(sandbox.limits.open_files);
  for (int number = inside.proc || inside.plugin ? 5 : 4; number < end; ++number) {
    if (::fcntl(number, F_GETFD) < 0 || ++open.count > most_named) continue;
    const std::string link = "self/fd/" + std::to_string(number);
    std::array<char, 100> name{};
    const ssize_t size = inside.proc
                             ? ::readlinkat(inside.proc.get(), link.c_str(), name.data(), name.size() - 1)
                             : ::readlink(("/proc/" + link).c_str(), name.data(), name.size() - 1);
    if (size > 0) open.names.append(open.names.empty() ? "" : ", ").append(name.data());
  }
  if (open.count > most_named) open.names += ", ...";
  return open;
}

std::uint32_t count_threads(const SandboxHandles& inside) {
  const int directory = inside.proc
                            ? ::openat(inside.proc.get(), "self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                            : ::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = ::fdopendir(check(directory, "count threads"));
  if (entries == nullptr) throw_errno("count threads");
  std::uint32_t count = 0;
  while (const dirent* entry = ::readdir(entries))
    if (entry->d_name[0] != '.') ++count;
  ::closedir(entries);
  return count;
}

}  // namespace coffees::platform::isolation
