// How much memory this process may use: the machine's, or what its control groups leave of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coffees::platform {

/// Bytes: the least of the machine's memory and the limits of all memory control groups above this process,
/// as far as they can be seen.
std::uint64_t memory_limit();

/// The files in which such limits may stand, from the texts of /proc/self/mountinfo and /proc/self/cgroup
/// (proc(5), cgroups(7)): memory.max of version 2, memory.limit_in_bytes of version 1, of each group and
/// those above it up to the mount.
std::vector<std::string> memory_limit_files(std::string_view mounts, std::string_view groups);

}  // namespace coffees::platform
