// Namespaces: which ones, and whose user ids they map. namespaces(7), user_namespaces(7).
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace coffees::platform::namespaces {

/// The user and group id that handlers see themselves as.
constexpr std::uint32_t kInsideId = 1000;

/// CLONE_* flags for the init of a function: its own users, processes, mounts, network (empty, unless it
/// shares the host's), IPC, host name and cgroup view. An empty network namespace is the dear one (0.4 ms),
/// so it is made here and workers inherit it.
std::uint64_t of_function(bool host_network);

/// CLONE_* flags for one worker inside its function: users, processes, mounts.
std::uint64_t of_worker();

/// Called by the parent of a fresh user namespace: maps kInsideId to `outside_user` and `outside_group`.
/// Mapping any ids but one's own needs root; then supplementary groups stay droppable, else setgroups(2) is
/// denied first, as the kernel demands. Throws SystemError.
void map_ids_of(pid_t child, std::uint32_t outside_user, std::uint32_t outside_group);

/// Called inside a fresh nested user namespace: maps kInsideId to itself, through `proc`, a directory handle
/// on a procfs of the enclosing PID namespace. Throws SystemError.
void map_own_ids(int proc);

/// Called inside a fresh nested user namespace: forbids any further one below it
/// (/proc/sys/user/max_user_namespaces, namespaces(7)), because in it a handler would hold all capabilities
/// again. Throws SystemError.
void forbid_nested(int proc);

/// Called in a function's init: the next process of its PID namespace, the first zygote, gets a number above
/// 20000. Workers and what they start count from 1 in namespaces of their own, so none of them gets the
/// zygote's number soon: OpenSSL takes a process with the number that it was seeded in for the same process.
/// Needs a kernel with CONFIG_CHECKPOINT_RESTORE (/proc/sys/kernel/ns_last_pid, pid_namespaces(7)); does
/// nothing without.
void skip_small_process_ids(int proc);

/// Becomes kInsideId for good, without supplementary groups where that is allowed. Throws SystemError.
void become_inside_user(bool may_drop_groups);

}  // namespace coffees::platform::namespaces
