// What `serve` tells the person in front of it, line by line on standard error, without ever waiting for a
// reader.
#pragma once

#include <string>
#include <string_view>

#include "loop.h"

namespace coffees {

/// Collects lines during a turn of the loop and writes them at its end. Lines that the terminal or pipe does
/// not take are dropped, and how many is said when it takes some again: a reader that has stopped may not
/// stop the dispatcher.
class Console {
 public:
  Console(const Executor& executor, int descriptor) : executor_(executor), descriptor_(descriptor) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// Adds one line; bytes that are no printable UTF-8 text are shown as "?".
  void line(std::string_view text);
  /// Writes what is there now.
  void flush();

 private:
  Executor executor_;
  int descriptor_;
  std::string pending_;
  std::size_t dropped_ = 0;
  bool scheduled_ = false;
};

/// Local time of day, "12:00:03.120".
std::string time_of_day();

}  // namespace coffees
