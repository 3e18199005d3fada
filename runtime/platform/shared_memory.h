// Memory that two processes share, by descriptor. memfd_create(2), mmap(2).
#pragma once

#include <cstddef>
#include <utility>

#include "platform/unique_fd.h"

namespace coffees::platform {

/// One mapping, zeroed when it is made. Its size is sealed (fcntl(2), F_SEAL_SHRINK): the other side cannot
/// take away what this side is about to read. What is in it may change at any time: copy, then check.
/// Move-only.
class SharedMemory {
 public:
  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  SharedMemory& operator=(SharedMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory();

  /// New memory of `size` bytes, and the descriptor by which others map it. Throws SystemError.
  static std::pair<SharedMemory, UniqueFd> create(std::size_t size);
  /// Maps memory that another process has made. Throws SystemError.
  static SharedMemory map(int descriptor, std::size_t size);

  [[nodiscard]] void* data() const { return data_; }

 private:
  SharedMemory(void* data, std::size_t size) : data_(data), size_(size) {}

  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace coffees::platform
