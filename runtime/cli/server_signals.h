// What the signals mean that a server is sent: stop, stop at once, open the recording anew, or nothing.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <functional>

#include "loop.h"

namespace coffees::cli {

/// Whether a signal is the same wish as one of that number that came `since` before: `timeout` and `tini -g`
/// send SIGTERM to a process and again to its group, and a terminal that closes sends SIGHUP twice; a Ctrl-C
/// reaches a process from the terminal and again from a parent that passes it on.
bool is_same_wish(int signal, Duration since);

/// The signals of a server, taken from the moment this is made: as process 1 of a container a signal without
/// a handler would be lost. SIGTERM and SIGINT are wishes to stop. So is SIGHUP where there is a terminal,
/// which was closed then, unless the program was started with SIGHUP ignored (nohup(1)); elsewhere it asks
/// for the recording to be opened anew. SIGUSR1 and SIGUSR2 do nothing. Loop thread only.
class ServerSignals {
 public:
  /// `on_reopen` is called for a SIGHUP that is no wish to stop, while next_stop() is waited for.
  ServerSignals(Loop& loop, std::function<void()> on_reopen);

  /// Completes with true at the next wish to stop, and with false when cancel() was called. Signals that
  /// came before are not lost.
  Task<bool> next_stop();
  void cancel() { signals_.cancel(); }

 private:
  asio::basic_signal_set<Executor> signals_;
  std::function<void()> on_reopen_;
  bool hangup_stops_ = false;
  int last_ = 0;  ///< the signal that was the last wish to stop
  TimePoint last_at_;
};

}  // namespace coffees::cli
