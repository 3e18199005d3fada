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
  /// How notice() makes a line of a text; null: as it is.
  using Frame = std::string (*)(std::string_view text);
  explicit Console(int descriptor, Frame frame = nullptr) : descriptor_(descriptor), frame_(frame) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// Adds one line; the caller has made it harmless to a terminal.
  void line(std::string_view text);
  /// Adds what the server itself has to say, in the form that all lines have.
  void notice(std::string_view text) { line(framed(text)); }
  /// Writes what is there now.
  void flush();

 private:
  void add(std::string_view text);
  [[nodiscard]] std::string framed(std::string_view text) const {
    return frame_ == nullptr ? std::string(text) : frame_(text);
  }

  std::mutex mutex_;
  int descriptor_;
  Frame frame_;
  std::string pending_;
  std::size_t dropped_ = 0;
};

}  // namespace coffees
