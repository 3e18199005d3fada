// A run of bytes that grows without being copied where that can be avoided.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "platform/blocks.h"

namespace coffees {

/// The body of a request or an answer. Like a std::string, but its room is neither filled with zeros nor, by
/// more than a quarter, larger than what was asked for (append() asks for twice what there was); and what is
/// large lies in blocks of its own (platform/blocks.h), so that the process is as small again as before when
/// it has gone. Give it back on the thread that took it, or at the end.
class Bytes {
 public:
  Bytes() = default;
  Bytes(std::string_view text) { append(text); }              // NOLINT(google-explicit-constructor)
  Bytes(const char* text) : Bytes(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  Bytes(Bytes&& other) noexcept { swap(other); }
  Bytes& operator=(Bytes&& other) noexcept {
    Bytes taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Bytes() {
    if (capacity_ > kSmall)
      platform::give_back_block({data_, capacity_});
    else
      delete[] data_;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor): as std::string
  friend bool operator==(const Bytes& bytes, std::string_view text) { return bytes.view() == text; }

  /// Makes room for `capacity` bytes in all. Throws std::bad_alloc.
  void reserve(std::size_t capacity);
  /// The room behind what there is; filled() says how much of it has been used.
  [[nodiscard]] char* room() { return data_ + size_; }
  [[nodiscard]] std::size_t room_size() const { return capacity_ - size_; }
  void filled(std::size_t count) { size_ += count; }
  /// Keeps the first `size` bytes; not more than there are.
  void shorten(std::size_t size) { size_ = size; }

  void append(std::string_view more) {
    if (more.empty()) return;
    if (more.size() > room_size()) reserve(std::max(size_ + more.size(), 2 * capacity_));
    std::memcpy(room(), more.data(), more.size());
    size_ += more.size();
  }

 private:
  static constexpr std::size_t kSmall = 32 * 1024;  ///< what has more lies in a block

  void swap(Bytes& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

inline void Bytes::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  if (capacity_ > kSmall) {
    const platform::Block larger = platform::grow_block({data_, capacity_}, size_, capacity);
    data_ = larger.data;
    capacity_ = larger.size;
    return;
  }
  Bytes larger;
  if (capacity > kSmall) {
    const platform::Block block = platform::take_block(capacity);
    larger.data_ = block.data;
    larger.capacity_ = block.size;
  } else {
    larger.data_ = new char[capacity];
    larger.capacity_ = capacity;
  }
  if (size_ > 0) std::memcpy(larger.data_, data_, size_);
  larger.size_ = size_;
  swap(larger);
}

}  // namespace coffees
