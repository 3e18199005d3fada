// Lines for the person in front of `serve`, written without ever waiting for a reader.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace coffees {

/// Lines that the terminal or pipe does not take are kept up to a limit and then dropped, and how many is
/// said when it takes some again: a reader that has stopped may not stop the server. Any thread; not for the
/// request path (it locks).
class Console {
 public:
  explicit Console(int descriptor) : descriptor_(descriptor) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// Adds one line; the caller has made it harmless to a terminal.
  void line(std::string_view text);
  /// Writes what is there now.
  void flush();

 private:
  void add(std::string_view text);

  std::mutex mutex_;
  int descriptor_;
  std::string pending_;
  std::size_t dropped_ = 0;
};

}  // namespace coffees
