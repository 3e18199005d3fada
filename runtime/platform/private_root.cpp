#include "platform/private_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "platform/scratch.h"
#include "platform/syscall.h"
#include "platform/system_folders.h"

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

// Every folder on the way to `path`, which is one inside the new root.
void make_parents(const std::string& path) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string folder = kStage + path.substr(0, end);
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST && errno != EROFS)
      throw_errno(("make folder " + path).c_str());
  }
}

void copy_to(int from, const std::string& path, const char* step) {
  make_parents(path);
  const UniqueFd copy(check(
      ::open((kStage + path).c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0444), step));
  off_t offset = 0;
  while (check(::sendfile(copy.get(), from, &offset, 1 << 20), step) != 0) {
  }
}

// Small files of the host that are the same for all functions. Copies cost a worker nothing, while each mount
// is copied with the mount namespace of every worker.
struct SystemFile {
  const char* path;
  UniqueFd file;
  std::uint64_t size = 0;
};

std::array<SystemFile, 2> open_system_files() {
  // Where libraries are (ld.so(8)), and the local time zone (tzset(3)).
  std::array<SystemFile, 2> files{{{"/etc/ld.so.cache", {}}, {"/etc/localtime", {}}}};
  for (SystemFile& one : files) {
    UniqueFd file(::open(one.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat information {};
    if (!file || ::fstat(file.get(), &information) != 0 || !S_ISREG(information.st_mode)) continue;
    one.size = static_cast<std::uint64_t>(information.st_size);
    one.file = std::move(file);
  }
  return files;
}

// Debian lets several packages offer one library by symbolic links (update-alternatives(1)): libblas.so.3 in
// /usr/lib leads to /etc/alternatives, and that back to /usr/lib. Those of libraries are made again.
void add_library_alternatives() {
  constexpr std::string_view folder = "/etc/alternatives/";
  const UniqueFd directory(::open(folder.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return;
  make_parents(std::string(folder));
  // Without opendir(3), whose buffer would leave a hole in the heap that every worker inherits.
  alignas(dirent64) std::array<char, 4096> entries{};
  ssize_t size = 0;
  while ((size = ::getdents64(directory.get(), entries.data(), entries.size())) > 0) {
    for (ssize_t at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries.data() + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      std::array<char, 256> target{};
      if (entry->d_type != DT_LNK || name.find(".so") == std::string_view::npos ||
          ::readlinkat(directory.get(), entry->d_name, target.data(), target.size() - 1) < 0 ||
          !system_folders::shows(target.data()))
        continue;
      const std::string path = std::string(kStage).append(folder).append(name);
      check(::symlink(target.data(), path.c_str()), "link a library of /etc/alternatives");
    }
  }
}

// An empty file or folder to mount on. One that is there already will do.
void make_mount_point(int tree, const std::string& path) {
  struct stat information {};
  check(::fstat(tree, &information), ("look at what is shown as " + path).c_str());
  make_parents(path);
  const std::string target = kStage + path;
  if (S_ISDIR(information.st_mode)) {
    if (::mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) throw_errno(("make " + path).c_str());
  } else {
    const UniqueFd file(check(::open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0444),
                              ("make " + path).c_str()));
  }
}

void attach(const Shown& one, int tree) {
  if (one.kind == Shown::Kind::inside_link) {
    make_parents(one.to);
    // What stands there already was put there by `files`, and is what the host has in that place.
    if (::symlink(one.from.c_str(), (kStage + one.to).c_str()) != 0 && errno != EEXIST && errno != EROFS)
      throw_errno(("link " + one.to).c_str());
    return;
  }
  if (tree < 0) return;  // the host has none
  make_mount_point(tree, one.to);
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                        (one.kind == Shown::Kind::writable ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_RDONLY);
  // What is mounted on the host later does not come in.
  attributes.propagation = MS_PRIVATE;
  check(::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes),
        ("protect " + one.to).c_str());
  check(::move_mount(tree, "", AT_FDCWD, (kStage + one.to).c_str(), MOVE_MOUNT_F_EMPTY_PATH),
        ("show " + one.to).c_str());
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

void enter(int plugin, View& view, std::uint64_t tmp_size) {
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
  const std::array<SystemFile, 2> system_files = open_system_files();
  std::uint64_t size = 1 << 20;
  for (const SystemFile& one : system_files) size += one.size;
  if (plugin >= 0) {
    struct stat information {};
    check(::fstat(plugin, &information), "read size of handler library");
    size += static_cast<std::uint64_t>(information.st_size);
  }
  const std::string options = "mode=755,nr_inodes=4096,size=" + std::to_string(size);
  check(::mount("coffees", kStage, "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()), "mount new root");
  for (const char* name : {"/usr", "/usr/local", "/dev", "/dev/shm", "/tmp", kLibrariesFolder, kFilesFolder})
    make_directory(std::string(kStage) + name);
  for (const char* path : system_folders::kLibraries) add_library_directory(path);
  make_directory(std::string(kStage) + "/usr/share");
  add_library_directory("/usr/share/zoneinfo");
  for (const char* name : {"null", "zero", "full", "random", "urandom"}) add_device(name);
  for (const SystemFile& one : system_files)
    if (one.file) copy_to(one.file.get(), one.path, "copy a file of /etc");
  add_library_alternatives();
  if (plugin >= 0) copy_to(plugin, kLibrariesFolder + view.plugin, "copy handler library");
  scratch::mount_empty(std::string(kStage) + "/tmp", tmp_size, "mount /tmp");
  for (std::size_t i = 0; i < view.shown.size(); ++i) attach(view.shown[i], view.trees[i].get());
  view.trees.clear();

  check(::chdir(kStage), "enter new root");
  // pivot_root(".", "."): the old root ends up on top of the new one and is taken away (pivot_root(2),
  // Notes).
  check(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  check(::umount2(".", MNT_DETACH), "detach the host's root");
  check(::chdir("/"), "enter new root");
  set_attributes("/", MOUNT_ATTR_RDONLY, false, "make new root read-only");
  check_no_way_up();
  check(::chdir(kFilesFolder), "enter the files' folder");
}

}  // namespace coffees::platform::private_root
