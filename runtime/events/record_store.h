// What is kept of each function's past: a fixed amount of memory, shared out among lanes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace coffees::events {

/// Keeps the newest records of every lane, whatever they mean. The memory is cut into chunks. A lane that
/// needs one more takes a free one, else the oldest of the lane that has most; a lane that has no more than
/// its share (all chunks divided by all lanes) loses none to others. So what one lane writes never takes the
/// past of another, and a lane that is alone has nearly everything.
///
/// One thread writes. Readers copy first and look afterwards whether the chunk has been taken meanwhile, so a
/// reader can never hold up the writer.
class RecordStore {
 public:
  static constexpr std::size_t kChunkWords = 4096;  ///< of 8 bytes

  /// `chunks` is at least 1; with fewer chunks than lanes some lanes hold nothing.
  RecordStore(std::size_t lanes, std::size_t chunks);

  /// Writer only. Sets the number of lanes. A lane beyond it has no share, and keeps its records until others
  /// need the room.
  void set_lanes(std::size_t lanes);

  /// Writer only. One record of two parts; each is padded with zero bytes to whole words. Together less than
  /// a chunk. No lock, no system call; memory is only taken by the first records that need it.
  void append(std::size_t lane, std::string_view fixed, std::string_view text);

  /// Any thread. Calls `each(bytes)` for each record that `lane` has: the newest chunk first, within a chunk
  /// the oldest record first. (The other way round a busy writer would overtake the newest while the oldest
  /// are read.) The bytes are 8-byte aligned and valid within the call. What is overwritten meanwhile is left
  /// out.
  template <typename Each>
  void for_each(std::size_t lane, Each&& each) const {
    std::vector<std::uint64_t> copied;
    for (const Place& place : places_of(lane)) {
      if (!copy(place, copied)) continue;
      for (std::size_t at = 0; at < copied.size(); at += copied[at])
        each(std::string_view(reinterpret_cast<const char*>(&copied[at + 1]), (copied[at] - 1) * 8));
    }
  }

 private:
  struct Chunk {
    std::atomic<std::uint64_t> serial{
        0};  ///< counts all chunks that were begun; 0: it is free, or being taken
    std::atomic<std::size_t> lane{0};
    std::atomic<std::size_t> used{0};  ///< words that are whole records
    std::unique_ptr<std::atomic<std::uint64_t>[]> words;
  };
  struct Place {
    std::uint64_t serial = 0;
    std::size_t chunk = 0;
  };
  // What the writer knows of a lane.
  struct Lane {
    std::size_t chunks = 0;
    std::size_t open = kNone;  ///< the chunk that it writes to
  };
  static constexpr std::size_t kNone = ~std::size_t{0};

  void begin_chunk(std::size_t lane);
  std::size_t take_chunk(std::size_t lane);
  [[nodiscard]] std::size_t oldest_of(std::size_t lane) const;
  [[nodiscard]] std::vector<Place> places_of(std::size_t lane) const;
  bool copy(const Place& place, std::vector<std::uint64_t>& into) const;

  std::vector<Chunk> chunks_;
  std::vector<Lane> lanes_;
  std::size_t shared_by_;       ///< lanes that have a share
  std::size_t never_used_ = 0;  ///< the first chunk that is still free
  std::uint64_t serial_ = 0;
};

}  // namespace coffees::events
