// A ring of words with one writer and any number of readers, none of which ever waits for another.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace coffees::events {

/// Holds the newest records, whatever they mean; the oldest ones are overwritten. One thread writes. Readers
/// copy first and look afterwards whether the writer has overtaken them: that is the whole protocol, so a
/// reader can never hold up the writer.
class Ring {
 public:
  /// `words` of 8 bytes, a power of two. Throws std::invalid_argument otherwise.
  explicit Ring(std::size_t words);

  /// Writer only. One record of two parts; each is padded with zero bytes to whole words. Together at most a
  /// quarter of the ring. No allocation, no lock, no system call.
  void append(std::string_view fixed, std::string_view text);

 private:
  friend class RingReader;
  std::atomic<std::uint64_t>& word(std::uint64_t position) const { return words_[position & mask_]; }
  void store(std::uint64_t& position, std::string_view bytes);
  [[nodiscard]] std::uint64_t longest() const { return (mask_ + 1) / 4; }

  std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
  std::uint64_t mask_;
  // Positions count words since the beginning of time. A record at p occupies p (its length in words, itself
  // included) and what follows.
  alignas(64) std::atomic<std::uint64_t> begin_{0};  ///< the oldest record that is whole
  std::atomic<std::uint64_t> end_{0};                ///< behind the newest record
};

/// A place in a ring, for one thread at a time.
class RingReader {
 public:
  /// Begins at the oldest record.
  explicit RingReader(const Ring& ring)
      : ring_(&ring), position_(ring.begin_.load(std::memory_order_acquire)) {}

  /// Copies the next records, about `most_words` of them but at least one if there is one. Returns whether
  /// there was any. When the writer has overtaken this place, goes on with the oldest record that is left.
  bool fetch(std::size_t most_words = 8192);

  /// Goes on behind all records whose first word is `most` or less, without copying them; for records that
  /// begin with a growing number.
  void skip_through(std::uint64_t most);

  /// Calls `each(bytes)` for each record that was fetched, oldest first. The bytes are 8-byte aligned and
  /// valid until the next fetch().
  template <typename Each>
  void for_each(Each&& each) const {
    for (std::size_t at = 0; at < copied_.size(); at += copied_[at])
      each(std::string_view(reinterpret_cast<const char*>(&copied_[at + 1]), (copied_[at] - 1) * 8));
  }

  /// How many bytes of memory its copies have taken, at most, so far.
  [[nodiscard]] std::size_t memory() const { return copied_.capacity() * sizeof(std::uint64_t); }

 private:
  const Ring* ring_;
  std::uint64_t position_;
  std::vector<std::uint64_t> copied_;
};

}  // namespace coffees::events
