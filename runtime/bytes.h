// A run of bytes that grows where it is.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace coffees {

/// Like a std::string for what arrives in large pieces: room is neither filled with zeros nor larger than was
/// asked for, and where the C library has it from the system by itself, it grows without being copied
/// (mremap(2), by way of realloc(3)). Of a megabyte that arrives in pieces, a std::string touches three.
class Bytes {
 public:
  Bytes() = default;
  Bytes(Bytes&& other) noexcept { swap(other); }
  Bytes& operator=(Bytes&& other) noexcept {
    Bytes taken(std::move(other));
    swap(taken);
    return *this;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::string_view view() const { return {data_.get(), size_}; }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor): as std::string

  /// Makes room for `capacity` bytes in all. Throws std::bad_alloc.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    void* larger = std::realloc(data_.get(), capacity);  // NOLINT(*-no-malloc)
    if (larger == nullptr) throw std::bad_alloc();
    static_cast<void>(data_.release());
    data_.reset(static_cast<char*>(larger));
    capacity_ = capacity;
  }
  /// The room behind what there is; filled() says how much of it has been used.
  [[nodiscard]] char* room() { return data_.get() + size_; }
  [[nodiscard]] std::size_t room_size() const { return capacity_ - size_; }
  void filled(std::size_t count) { size_ += count; }

  void append(std::string_view more) {
    if (more.empty()) return;
    if (more.size() > room_size()) reserve(std::max(size_ + more.size(), 2 * capacity_));
    std::memcpy(room(), more.data(), more.size());
    size_ += more.size();
  }

 private:
  void swap(Bytes& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  struct Free {
    void operator()(char* data) const { std::free(data); }  // NOLINT(*-no-malloc)
  };
  std::unique_ptr<char, Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace coffees
