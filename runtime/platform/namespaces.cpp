#include "platform/namespaces.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "platform/syscall.h"
#include "platform/unique_fd.h"

namespace coffees::platform::namespaces {
namespace {

void write_file(int directory, const std::string& path, const std::string& text, const char* step) {
  const UniqueFd file(check(::openat(directory, path.c_str(), O_WRONLY | O_CLOEXEC), step));
  if (check(::write(file.get(), text.data(), text.size()), step) != static_cast<ssize_t>(text.size()))
    throw SystemError(step, EIO);
}

std::string single_map(std::uint32_t outside) {
  return std::to_string(kInsideId) + " " + std::to_string(outside) + " 1";
}

}  // namespace

std::uint64_t of_function(bool host_network) {
  return CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | (host_network ? 0 : CLONE_NEWNET) | CLONE_NEWIPC |
         CLONE_NEWUTS | CLONE_NEWCGROUP;
}

std::uint64_t of_worker() { return CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS; }

void map_ids_of(pid_t child, std::uint32_t outside_user, std::uint32_t outside_group) {
  const std::string directory = "/proc/" + std::to_string(child) + "/";
  // user_namespaces(7): without CAP_SETGID outside, setgroups must be denied before gid_map may be written.
  if (::geteuid() != 0) write_file(AT_FDCWD, directory + "setgroups", "deny", "deny setgroups");
  write_file(AT_FDCWD, directory + "uid_map", single_map(outside_user), "map user id");
  write_file(AT_FDCWD, directory + "gid_map", single_map(outside_group), "map group id");
}

void map_own_ids(int proc) {
  write_file(proc, "self/setgroups", "deny", "deny setgroups in worker");
  write_file(proc, "self/uid_map", single_map(kInsideId), "map user id in worker");
  write_file(proc, "self/gid_map", single_map(kInsideId), "map group id in worker");
}

void forbid_nested(int proc) {
  write_file(proc, "sys/user/max_user_namespaces", "0", "forbid nested namespaces");
}

void skip_small_process_ids(int proc) {
  const UniqueFd file(::openat(proc, "sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC));
  constexpr std::string_view number = "20000";
  if (!file) return;
  [[maybe_unused]] const ssize_t ignored = ::write(file.get(), number.data(), number.size());
}

void become_inside_user(bool may_drop_groups) {
  if (may_drop_groups) check(::setgroups(0, nullptr), "drop supplementary groups");
  check(::setresgid(kInsideId, kInsideId, kInsideId), "set group id");
  check(::setresuid(kInsideId, kInsideId, kInsideId), "set user id");
}

}  // namespace coffees::platform::namespaces
