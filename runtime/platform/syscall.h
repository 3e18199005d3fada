// The one place where errno becomes an error with a name.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>

namespace coffees::platform {

/// A system call failed: which step, and why. what() reads "step: reason (errno N)".
class SystemError : public std::runtime_error {
 public:
  /// `step` names what was being done, in words a user can act on; `error` is an errno value.
  SystemError(std::string step, int error);
  [[nodiscard]] const std::string& step() const noexcept { return step_; }
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  std::string step_;
  int error_;
};

/// Throws SystemError with the current errno.
[[noreturn]] void throw_errno(const char* step);

/// Returns `result` unless it is -1, then throws SystemError with the current errno.
template <typename Integer>
Integer check(Integer result, const char* step) {
  if (result == static_cast<Integer>(-1)) throw_errno(step);
  return result;
}

/// The text of an errno value, for example "Operation not permitted".
std::string error_text(int error);

}  // namespace coffees::platform
