#include "platform/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

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

bool read_exactly(int file, std::uint64_t offset, void* to, std::size_t size) {
  return ::pread(file, to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

}  // namespace coffees::platform
