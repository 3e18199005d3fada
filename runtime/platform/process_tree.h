// What this process and all that it has started cost: /proc (proc(5)).
#pragma once

#include <cstdint>

namespace coffees::platform::process_tree {

/// Processor time so far, in nanoseconds: of this process, of its children that it has waited for, and of all
/// descendants that live. What ends elsewhere in the tree is missing afterwards.
std::int64_t cpu_nanoseconds();

/// Bytes of memory that process `root` and its descendants hold, each page divided by the number of processes
/// that share it (Pss of /proc/PID/smaps_rollup). 0 when that cannot be seen.
std::uint64_t memory(int root);

}  // namespace coffees::platform::process_tree
