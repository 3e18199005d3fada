#include "platform/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "platform/unique_fd.h"

namespace coffees::platform::identity {
namespace {

bool is_ours_alone(const std::string& path) {
  struct stat information {};
  return ::lstat(path.c_str(), &information) == 0 && S_ISDIR(information.st_mode) &&
         information.st_uid == ::geteuid() && (information.st_mode & 022) == 0;
}

}  // namespace

std::uint32_t user() { return ::geteuid(); }
std::uint32_t group() { return ::getegid(); }
bool is_root() { return ::geteuid() == 0; }
int process() { return ::getpid(); }
bool process_exists(int pid) { return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM); }

std::string runtime_directory() {
  const char* given = std::getenv("XDG_RUNTIME_DIR");
  if (given != nullptr && is_ours_alone(given)) return given;
  std::string session = "/run/user/" + std::to_string(user());
  if (is_ours_alone(session)) return session;
  std::string own = "/tmp/coffees-" + std::to_string(user());
  ::mkdir(own.c_str(), 0700);
  return is_ours_alone(own) ? own : "";
}

bool write_private_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + "." + std::to_string(::getpid());
  const UniqueFd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return false;
  const bool written = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && std::rename(fresh.c_str(), path.c_str()) == 0) return true;
  ::unlink(fresh.c_str());
  return false;
}

}  // namespace coffees::platform::identity
