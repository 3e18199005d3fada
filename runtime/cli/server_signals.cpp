#include "cli/server_signals.h"

#include <csignal>

#include "platform/output.h"

namespace coffees::cli {

bool is_same_wish(int signal, Duration since) {
  // A person presses Ctrl-C twice faster than a second, and means it.
  return since < (signal == SIGINT ? std::chrono::milliseconds(200) : std::chrono::seconds(1));
}

ServerSignals::ServerSignals(Loop& loop, std::function<void()> on_reopen)
    : signals_(loop.get_executor(), SIGTERM, SIGINT), on_reopen_(std::move(on_reopen)) {
  const bool ignored = std::signal(SIGHUP, SIG_IGN) == SIG_IGN;
  hangup_stops_ = !ignored && platform::has_terminal();
  signals_.add(SIGHUP);
  std::signal(SIGUSR1, SIG_IGN);
  std::signal(SIGUSR2, SIG_IGN);
}

Task<bool> ServerSignals::next_stop() {
  while (true) {
    ErrorCode error;
    const int signal = co_await signals_.async_wait(asio::redirect_error(UseTask(), error));
    if (error) co_return false;
    if (signal == SIGHUP && !hangup_stops_) {
      on_reopen_();
      continue;
    }
    const TimePoint now = SteadyClock::now();
    // Counted from the first: a signal that is sent again and again is heard in the end.
    if (signal == last_ && is_same_wish(signal, now - last_at_)) continue;
    last_ = signal;
    last_at_ = now;
    co_return true;
  }
}

}  // namespace coffees::cli
