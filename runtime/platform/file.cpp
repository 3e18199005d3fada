#include "platform/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "platform/syscall.h"

namespace coffees::platform {

OpenedFile open_file(const std::string& path) {
  OpenedFile opened;
  opened.file = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat information {};
  if (!opened.file || ::fstat(opened.file.get(), &information) != 0) {
    opened.error = errno;
    opened.file.reset();
    return opened;
  }
  opened.is_regular = S_ISREG(information.st_mode);
  return opened;
}

std::optional<std::string> read_whole(int file, std::size_t most) {
  std::string text(most + 1, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t count =
        ::pread(file, text.data() + filled, text.size() - filled, static_cast<off_t>(filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  if (filled > most) return std::nullopt;
  text.resize(filled);
  return text;
}

std::string why_no_access(const std::string& path, bool write, std::uint32_t user, std::uint32_t group) {
  struct stat information {};
  if (::stat(path.c_str(), &information) != 0) return error_text(errno);
  const bool folder = S_ISDIR(information.st_mode);
  if (!folder && !S_ISREG(information.st_mode)) return "it is neither a file nor a folder";
  struct statvfs system {};
  if (write && ::statvfs(path.c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0)
    return "its file system is mounted read-only";
  const unsigned wanted = 4U | (write ? 2U : 0U) | (folder ? 1U : 0U);
  bool allowed = false;
  if (user == ::geteuid()) {
    allowed = ::access(path.c_str(), static_cast<int>(wanted)) == 0;  // R_OK, W_OK, X_OK are these numbers
  } else {
    const unsigned shift = information.st_uid == user ? 6 : information.st_gid == group ? 3 : 0;
    allowed = ((information.st_mode >> shift) & wanted) == wanted;
  }
  if (allowed) return {};
  return write ? "its permissions do not let the function's user read and write it"
               : "its permissions do not let the function's user read it";
}

bool read_exactly(int file, std::uint64_t offset, void* to, std::size_t size) {
  return ::pread(file, to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

}  // namespace coffees::platform
