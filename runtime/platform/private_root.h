// A root directory that holds nothing of the host but its libraries. mount(2), pivot_root(2), fsmount(2).
#pragma once

#include <cstdint>
#include <string>

#include "platform/unique_fd.h"

namespace coffees::platform::private_root {

/// A procfs of the calling process's PID namespace that is mounted nowhere: only the holder of the handle can
/// use it. Must be made before enter(), while the kernel still finds a whole /proc in this mount namespace.
/// Throws SystemError.
UniqueFd detached_proc();

/// Replaces "/" of this mount namespace by a small read-only tmpfs: library directories (read-only),
/// /dev/null, zero, full, random and urandom, an empty /tmp to mount on, and /fn. A `plugin` descriptor (or
/// -1) is copied to /fn/`plugin_name`, so that whatever happens to the original file cannot reach a running
/// worker. No /proc, /etc, /home, /sys. Ends in "/" and checks that there is no way up. Throws SystemError.
void enter(int plugin, const std::string& plugin_name);

/// Mounts an empty tmpfs of `size` bytes on /tmp, for this mount namespace alone; nothing in it can be
/// executed or is a device. Throws SystemError.
void mount_tmp(std::uint64_t size);

}  // namespace coffees::platform::private_root
