#include "platform/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <filesystem>

#include "platform/syscall.h"
#include "platform/unique_fd.h"

namespace coffees::platform::scratch {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr const char* kUpper = "/tmp/upper";
constexpr const char* kWork = "/tmp/work";

std::string current_directory() {
  std::array<char, PATH_MAX> path{};
  return ::getcwd(path.data(), path.size()) != nullptr ? path.data() : "/";
}

// The calling process stands in the old /tmp, and a new empty one covers it.
bool lay_over() {
  check(::mkdir(kUpper, 0700), "make folder in /tmp");
  check(::mkdir(kWork, 0700), "make folder in /tmp");
  check(::chmod(kUpper, 01777), "open up /tmp");
  // Without these attributes an overlay cannot note that a folder replaces one below it.
  const bool attributes = ::setxattr(kUpper, "user.coffees", "", 0, 0) == 0;
  const std::string options = std::string("userxattr,lowerdir=.,upperdir=") + kUpper + ",workdir=" + kWork;
  // MS_NOATIME: what is below cannot note it anyway.
  if (attributes && ::mount("tmp", "/tmp", "overlay", kFlags | MS_NOATIME, options.c_str()) == 0) return true;
  check(::rmdir(kUpper), "remove folder in /tmp");
  check(::rmdir(kWork), "remove folder in /tmp");
  return false;
}

void copy_all() {
  const fs::path to = "/tmp";
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(".")) {
    const fs::path target = to / entry.path().lexically_relative(".");
    if (entry.is_symlink()) {
      fs::copy_symlink(entry.path(), target);
    } else if (entry.is_directory()) {
      fs::create_directory(target);
      fs::permissions(target, entry.status().permissions());
    } else if (entry.is_regular_file()) {
      fs::copy_file(entry.path(), target);
    }
  }
}

}  // namespace

void mount_empty(const std::string& path, std::uint64_t size, const char* step) {
  const std::string options = "mode=1777,nr_inodes=16384,size=" + std::to_string(size);
  check(::mount("tmp", path.c_str(), "tmpfs", kFlags, options.c_str()), step);
}

bool tmp_in_use() {
  const std::string here = current_directory();
  if (here == "/tmp" || here.starts_with("/tmp/")) return true;
  // Not by opendir(3), whose buffer would leave a hole in the heap that every worker inherits.
  const UniqueFd folder(check(::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open /tmp"));
  alignas(dirent64) std::array<char, 1024> entries{};
  const ssize_t size = check(::getdents64(folder.get(), entries.data(), entries.size()), "read /tmp");
  std::size_t count = 0;
  for (ssize_t at = 0; at < size; ++count)
    at += reinterpret_cast<const dirent64*>(entries.data() + at)->d_reclen;
  return count > 2;  // "." and ".." are always there, and tmpfs lists them first
}

void clear_tmp() {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator("/tmp", ignored))
    fs::remove_all(entry.path(), ignored);
}

void continue_tmp(std::uint64_t size) {
  const std::string here = current_directory();
  const UniqueFd old(check(::open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC), "open /tmp"));
  // In this namespace only. Otherwise a current directory in it would be a place that all workers share.
  struct mount_attr read_only {};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  check(::mount_setattr(old.get(), "", AT_EMPTY_PATH, &read_only, sizeof read_only), "protect /tmp");
  check(::fchdir(old.get()), "enter /tmp");
  mount_empty("/tmp", size, "mount private /tmp");
  try {
    if (!lay_over()) copy_all();
  } catch (const fs::filesystem_error& failure) {
    throw SystemError(std::string("copy what init left in /tmp: ") + failure.path1().string(),
                      failure.code().value());
  }
  if (::chdir(here.c_str()) != 0) check(::chdir("/"), "enter /");
}

}  // namespace coffees::platform::scratch
