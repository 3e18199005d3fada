// The order in which a function and then each of its workers give up their rights. Read isolation.cpp as a
// list.
#pragma once

#include <cstdint>
#include <string>

#include "platform/limits.h"
#include "platform/unique_fd.h"
#include "platform/view.h"

namespace coffees::platform::isolation {

/// What was achieved, never what was asked for.
enum class Level : std::uint32_t {
  none,   ///< separate processes, nothing more (only on request)
  basic,  ///< no_new_privs, no capabilities, resource limits, closed descriptors, empty environment
  full,   ///< basic, and own users, processes, root directory, /tmp, network, IPC and host name
};
const char* name_of(Level level);

/// Everything a function's processes are confined by.
struct Sandbox {
  Level level = Level::full;
  std::uint32_t outside_user = 0;   ///< the host's user id behind the handlers' own (level full)
  std::uint32_t outside_group = 0;  ///< likewise, the group
  bool mapped_by_root = false;      ///< root maps the ids, so supplementary groups can be dropped inside
  bool host_network = false;     ///< shares the host's network instead of having one of its own (level full)
  std::uint64_t tmp_size = 0;    ///< bytes of private /tmp per worker
  std::uint64_t shm_size = 0;    ///< bytes of private /dev/shm per worker; 0: none
  std::uint64_t processes = 32;  ///< processes and threads per worker
  limits::FunctionLimits limits;
};

/// What a process holds once it is inside its function's sandbox.
struct SandboxHandles {
  UniqueFd proc;            ///< level full: directory handle on a procfs of the function's PID namespace
  UniqueFd plugin;          ///< below full: a sealed private copy of the handler library
  std::string plugin_path;  ///< where dlopen(3) finds the handler library, empty without one
  std::string links;        ///< below full: a private folder of symbolic links, or empty
  bool tmp_in_use = false;  ///< level full: workers begin with what is in /tmp; see note_traces_of_init()
};

/// Outside, in the launcher: clones the init of a function into its namespaces with CLONE_PARENT, so that the
/// dispatcher becomes its parent, and maps its ids. In the child, returns only after its ids are mapped.
/// Throws SystemError.
struct LaunchedInit {
  bool in_child = false;
  UniqueFd process;
};
LaunchedInit launch_init(const Sandbox& sandbox);

/// Part A, in the init of a function, once, before any handler code: everything that its zygote and workers
/// inherit. `plugin` is a descriptor of the handler library or -1. Throws SystemError.
SandboxHandles enter_function(const Sandbox& sandbox, int plugin, View view);

/// In the init of a function, at its end: removes what enter_function() has left on the host, below full.
void leave_function(const SandboxHandles& inside);

/// In the init of a function, before it starts a zygote in place of another one: the library's init finds
/// nothing that an earlier one has left.
void forget_traces_of_init(const Sandbox& sandbox);

/// In a zygote, once its library is initialised: what workers have to take over. Throws SystemError.
void note_traces_of_init(const Sandbox& sandbox, SandboxHandles& inside);

/// CLONE_* flags for a worker, CLONE_PARENT among them: init becomes its parent and learns its true exit
/// status.
std::uint64_t worker_clone_flags(const Sandbox& sandbox);

/// Part B, in each worker, before it sees a request: what a worker has for itself. Closes `inside.proc`.
/// Throws SystemError.
void enter_worker(const Sandbox& sandbox, SandboxHandles& inside);

/// In a fresh child: descriptor 3 = `channel`, 1 and 2 = `log`, 0 = /dev/null; everything else is
/// closed, but for the one descriptor in `inside`, which moves to 4. Throws SystemError.
void keep_only_standard_descriptors(UniqueFd channel, UniqueFd log, SandboxHandles& inside);

/// Threads of the calling process: one that has more than one must not fork workers. Throws SystemError.
std::uint32_t count_threads(const SandboxHandles& inside);

/// What the calling process holds open beyond what keep_only_standard_descriptors() left it: how many
/// descriptors, and what the first of them are ("/app/model.bin, socket:[4711]").
struct OpenFiles {
  std::uint32_t count = 0;
  std::string names;
};
OpenFiles files_left_open(const Sandbox& sandbox, const SandboxHandles& inside);

/// The calling process's number in the function's PID namespace, by which init will report its end. Throws
/// SystemError.
std::int32_t pid_in_function(const SandboxHandles& inside);

/// SIGKILL when the thread that started this process ends (prctl(2), PR_SET_PDEATHSIG). Erased by every
/// change of user.
void die_with_parent();

}  // namespace coffees::platform::isolation
