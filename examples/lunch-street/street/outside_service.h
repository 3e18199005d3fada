// A service somewhere else that takes its time, and two ways to ask it: it is a real HTTP server on a free
// port of this machine, in a process of its own.
#pragma once

#include <sys/types.h>

#include <string>

#include "street/async.h"
#include "street/processes.h"

namespace lunch {

/// GET /reply/N answers "reply N" after one second of the story; GET /bill answers numbers, one a line, in
/// pieces that come in over the same time.
class OutsideService {
 public:
  /// Returns when it listens. Throws std::runtime_error when it cannot.
  OutsideService();
  [[nodiscard]] int port() const { return port_; }

 private:
  Staff process_;
  int port_;
};

/// Asks and sleeps until the answer is there. Throws std::runtime_error when there is none, or it is not 200.
std::string ask(int port, const std::string& target);

/// Asks and lets the other tasks run until the answer is there. Throws as above.
Task<std::string> ask_async(int port, std::string target);

}  // namespace lunch
