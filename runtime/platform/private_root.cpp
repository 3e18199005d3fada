#include "platform/private_root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "platform/syscall.h"

namespace coffees::platform::private_root {
namespace {

// Mounted over in the private mount namespace, so any directory that exists everywhere will do.
constexpr const char* kStage = "/tmp";

void make_directory(const std::string& path) {
  check(::mkdir(path.c_str(), 0755), "make directory in new root");
}

void set_attributes(const std::string& path, std::uint64_t attributes, bool recursive, const char* step) {
  struct mount_attr attributes_to_set {};
  attributes_to_set.attr_set = attributes;
  check(::mount_setattr(AT_FDCWD, path.c_str(), recursive ? AT_RECURSIVE : 0, &attributes_to_set,
                        sizeof attributes_to_set),
        step);
}

// A library directory is either a real one (bound read-only) or a link into /usr (made again as a link).
void add_library_directory(const std::string& path) {
  struct stat information {};
  if (::lstat(path.c_str(), &information) != 0) return;
  const std::string target = kStage + path;
  if (S_ISLNK(information.st_mode)) {
    std::array<char, 256> link{};
    const ssize_t length = check(::readlink(path.c_str(), link.data(), link.size() - 1), "read library link");
    check(::symlink(std::string(link.data(), static_cast<std::size_t>(length)).c_str(), target.c_str()),
          "link library directory");
    return;
  }
  make_directory(target);
  check(::mount(path.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr), "bind library directory");
  set_attributes(target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, true,
                 "make libraries read-only");
}

void add_device(const std::string& name) {
  const std::string source = "/dev/" + name;
  const std::string target = kStage + source;
  const UniqueFd file(
      check(::open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0444), "make device file"));
  check(::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr), "bind device");
}

void copy_plugin(int plugin, const std::string& name) {
  const std::string path = std::string(kStage) + "/fn/" + name;
  const UniqueFd copy(
      check(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444), "copy handler library"));
  off_t offset = 0;
  while (true) {
    const ssize_t count = check(::sendfile(copy.get(), plugin, &offset, 1 << 20), "copy handler library");
    if (count == 0) return;
  }
}

// A working directory outside the new root would be a way back to the host (the lesson of CVE-2024-21626).
void check_no_way_up() {
  std::array<char, 8> path{};
  struct stat root {};
  struct stat parent {};
  if (::getcwd(path.data(), path.size()) == nullptr || std::string_view(path.data()) != "/" ||
      ::stat("/", &root) != 0 || ::stat("..", &parent) != 0 || root.st_ino != parent.st_ino ||
      root.st_dev != parent.st_dev)
    throw SystemError("verify the new root", EXDEV);
}

}  // namespace

UniqueFd detached_proc() {
  const UniqueFd context(check(::fsopen("proc", FSOPEN_CLOEXEC), "fsopen(proc)"));
  check(::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), "create private proc");
  return UniqueFd(check(
      ::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
      "mount private proc"));
}

void enter(int plugin, const std::string& plugin_name) {
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
  std::uint64_t size = 1 << 20;
  if (plugin >= 0) {
    struct stat information {};
    check(::fstat(plugin, &information), "read size of handler library");
    size += static_cast<std::uint64_t>(information.st_size);
  }
  const std::string options = "mode=755,nr_inodes=1024,size=" + std::to_string(size);
  check(::mount("coffees", kStage, "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()), "mount new root");
  for (const char* name : {"/usr", "/usr/local", "/dev", "/tmp", "/fn"})
    make_directory(std::string(kStage) + name);
  for (const char* path : {"/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/lib",
                           "/lib32", "/lib64", "/libx32"})
    add_library_directory(path);
  for (const char* name : {"null", "zero", "full", "random", "urandom"}) add_device(name);
  if (plugin >= 0) copy_plugin(plugin, plugin_name);

  check(::chdir(kStage), "enter new root");
  // pivot_root(".", "."): the old root ends up on top of the new one and is taken away (pivot_root(2),
  // Notes).
  check(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  check(::umount2(".", MNT_DETACH), "detach the host's root");
  check(::chdir("/"), "enter new root");
  set_attributes("/", MOUNT_ATTR_RDONLY, false, "make new root read-only");
  check_no_way_up();
}

void mount_tmp(std::uint64_t size) {
  const std::string options = "mode=1777,nr_inodes=16384,size=" + std::to_string(size);
  check(::mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.c_str()),
        "mount private /tmp");
}

}  // namespace coffees::platform::private_root
