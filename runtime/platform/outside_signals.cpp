#include "platform/outside_signals.h"

#include <array>
#include <csignal>

#include "platform/syscall.h"

namespace coffees::platform::outside_signals {
namespace {

constexpr std::array<int, 6> kSignals{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

}  // namespace

sigset_t all() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : kSignals) ::sigaddset(&signals, signal);
  return signals;
}

void ignore() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  for (const int signal : kSignals) check(::sigaction(signal, &action, nullptr), "sigaction");
  const sigset_t signals = all();
  check(::sigprocmask(SIG_UNBLOCK, &signals, nullptr), "sigprocmask");
}

}  // namespace coffees::platform::outside_signals
