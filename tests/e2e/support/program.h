// A `coffees serve` with arguments of a test's own, in a directory, a session and with a terminal of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "e2e/support/server.h"

namespace coffees::test {

/// Starts it and returns when it is ready. The destructor kills it if it still runs.
class Program {
 public:
  enum class Terminal {
    none,  ///< a session without a terminal, as a service has it
    own,   ///< a session whose controlling terminal only we hold (pty(7))
  };
  /// `arguments` come after `serve --json --port 0`. `directory`: the current one of the program. Throws
  /// std::runtime_error when it ends without being ready.
  Program(const std::vector<std::string>& arguments, Terminal terminal, const std::string& directory = "/");
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int admin_port() const { return admin_port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Closes our end of its terminal: what a terminal window does.
  void close_terminal();
  /// Waits for its end; returns its exit code, or minus the signal that ended it.
  int wait();
  /// What it has written to standard error so far.
  [[nodiscard]] std::string errors() const { return read_file(directory_.path() + "/err"); }

 private:
  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  int output_ = -1;
  int port_ = 0;
  int admin_port_ = 0;
};

}  // namespace coffees::test
