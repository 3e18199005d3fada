#include "platform/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "platform/syscall.h"

namespace coffees::platform {
namespace {
constexpr std::size_t kPage = 4096;
}

UniqueFd open_spare() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

std::size_t write_without_waiting(int descriptor, std::string_view text) {
  std::size_t written = 0;
  while (written < text.size()) {
    pollfd item{descriptor, POLLOUT, 0};
    if (::poll(&item, 1, 0) != 1) return written;
    const std::string_view piece = text.substr(written, kPage);
    const ssize_t count = ::write(descriptor, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return text.size();
    written += static_cast<std::size_t>(count);
  }
  return written;
}

UniqueFd open_for_appending(const std::string& path) {
  constexpr mode_t owner_only = 0600;
  return UniqueFd(check(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, owner_only),
                        ("open " + path).c_str()));
}

std::string write_file(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return error_text(errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

bool has_terminal() { return static_cast<bool>(UniqueFd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC))); }

}  // namespace coffees::platform
