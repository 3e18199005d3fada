#include "platform/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

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

}  // namespace coffees::platform
