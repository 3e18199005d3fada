#include "events/ring.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace coffees::events {

Ring::Ring(std::size_t words)
    : words_(std::make_unique<std::atomic<std::uint64_t>[]>(words)), mask_(words - 1) {
  if (words == 0 || (words & mask_) != 0)
    throw std::invalid_argument("a ring's size is a power of two, in words");
}

// Whoever reads a new word also sees the `begin_` that was stored before it: release here, acquire there.
void Ring::store(std::uint64_t& position, std::string_view bytes) {
  while (!bytes.empty()) {
    std::uint64_t value = 0;
    const std::size_t size = std::min(bytes.size(), sizeof value);
    std::memcpy(&value, bytes.data(), size);
    word(position++).store(value, std::memory_order_release);
    bytes.remove_prefix(size);
  }
}

void Ring::append(std::string_view fixed, std::string_view text) {
  const std::uint64_t size = 1 + (fixed.size() + 7) / 8 + (text.size() + 7) / 8;
  if (size > longest()) throw std::length_error("a record is longer than a quarter of its ring");
  std::uint64_t position = end_.load(std::memory_order_relaxed);
  std::uint64_t begin = begin_.load(std::memory_order_relaxed);
  while (position + size - begin > mask_ + 1) begin += word(begin).load(std::memory_order_relaxed);
  begin_.store(begin, std::memory_order_relaxed);
  word(position++).store(size, std::memory_order_release);
  store(position, fixed);
  store(position, text);
  end_.store(position, std::memory_order_release);
}

void RingReader::skip_through(std::uint64_t most) {
  const std::uint64_t end = ring_->end_.load(std::memory_order_acquire);
  while (position_ < end) {
    const std::uint64_t size = ring_->word(position_).load(std::memory_order_acquire);
    const std::uint64_t first = ring_->word(position_ + 1).load(std::memory_order_acquire);
    const std::uint64_t begin = ring_->begin_.load(std::memory_order_relaxed);
    if (begin > position_) {
      position_ = begin;
    } else if (first <= most) {
      position_ += size;
    } else {
      return;
    }
  }
}

bool RingReader::fetch(std::size_t most_words) {
  while (true) {
    const std::uint64_t end = ring_->end_.load(std::memory_order_acquire);
    copied_.clear();
    std::uint64_t at = position_;
    while (at < end && copied_.size() < most_words) {
      const std::uint64_t size = ring_->word(at).load(std::memory_order_acquire);
      // An overwritten length may be anything, and memory is taken for it before that is looked at below.
      if (size == 0 || size > end - at || size > ring_->longest()) break;
      const std::size_t filled = copied_.size();
      copied_.resize(filled + size);
      copied_[filled] = size;
      for (std::uint64_t i = 1; i < size; ++i)
        copied_[filled + i] = ring_->word(at + i).load(std::memory_order_acquire);
      at += size;
    }
    const std::uint64_t begin = ring_->begin_.load(std::memory_order_relaxed);
    if (begin <= position_) {
      position_ = at;
      return !copied_.empty();
    }
    // Overtaken. In smaller pieces, or a writer that never pauses would overtake every one of them.
    position_ = begin;
    most_words = std::max<std::size_t>(most_words / 2, 1);
  }
}

}  // namespace coffees::events
