// A file descriptor that has exactly one owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace coffees::platform {

/// Owns one open descriptor and closes it once. Move-only; an empty one holds -1.
/// Bare `int` descriptors are only borrowed, and only inside calls.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  /// Borrows the descriptor; it stays owned here.
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Hands the descriptor over; the caller closes it from now on.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  /// Closes now. A second call does nothing.
  void reset() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

/// Closes every descriptor from `first` on, whichever code opened it (close_range(2)).
inline void close_descriptors_from(unsigned int first) { (void)::close_range(first, ~0U, 0); }

}  // namespace coffees::platform
