#include "platform/network.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "platform/syscall.h"
#include "platform/unique_fd.h"

namespace coffees::platform::network {

void bring_up_loopback() {
  const UniqueFd socket(check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "open a socket"));
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  check(::ioctl(socket.get(), SIOCSIFFLAGS, &request), "bring up loopback");
}

}  // namespace coffees::platform::network
