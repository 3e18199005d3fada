// A root directory that holds nothing of the host but its libraries. mount(2), pivot_root(2), fsmount(2).
#pragma once

#include <cstdint>

#include "platform/unique_fd.h"
#include "platform/view.h"

namespace coffees::platform::private_root {

/// A procfs of the calling process's PID namespace that is mounted nowhere: only the holder of the handle can
/// use it. Must be made before enter(), while the kernel still finds a whole /proc in this mount namespace.
/// Throws SystemError.
UniqueFd detached_proc();

/// Replaces "/" of this mount namespace by a small read-only tmpfs: library directories, time zones,
/// /dev/null, zero, full, random and urandom, copies of /etc/ld.so.cache, /etc/localtime and of the links of
/// libraries in /etc/alternatives, a /tmp of `tmp_size` bytes, an empty /dev/shm, and what `view` lists,
/// whose trees are open. A `plugin` descriptor (or -1) is copied to kLibrariesFolder, under the path that it
/// has on the host, so that whatever happens to the original file cannot reach a running worker. Otherwise no
/// /proc, /etc, /home, /sys. Ends in kFilesFolder and checks before that there is no way up. Throws
/// SystemError.
void enter(int plugin, View& view, std::uint64_t tmp_size);

}  // namespace coffees::platform::private_root
