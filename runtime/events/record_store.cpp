#include "events/record_store.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace coffees::events {
namespace {

// Readers that see a new word also see that the chunk has been taken for it: release here, acquire there.
std::size_t store(std::atomic<std::uint64_t>* words, std::size_t at, std::string_view bytes) {
  while (!bytes.empty()) {
    std::uint64_t value = 0;
    const std::size_t size = std::min(bytes.size(), sizeof value);
    std::memcpy(&value, bytes.data(), size);
    words[at++].store(value, std::memory_order_release);
    bytes.remove_prefix(size);
  }
  return at;
}

}  // namespace

RecordStore::RecordStore(std::size_t lanes, std::size_t chunks)
    : chunks_(chunks), lanes_(lanes), shared_by_(lanes) {
  if (chunks == 0) throw std::invalid_argument("a record store has at least one chunk");
}

void RecordStore::set_lanes(std::size_t lanes) {
  if (lanes > lanes_.size()) lanes_.resize(lanes);
  shared_by_ = lanes;
}

void RecordStore::append(std::size_t lane, std::string_view fixed, std::string_view text) {
  const std::size_t size = 1 + (fixed.size() + 7) / 8 + (text.size() + 7) / 8;
  if (size > kChunkWords) throw std::length_error("a record is longer than a chunk");
  Lane& mine = lanes_[lane];
  if (mine.open == kNone || chunks_[mine.open].used.load(std::memory_order_relaxed) + size > kChunkWords)
    begin_chunk(lane);
  Chunk& chunk = chunks_[mine.open];
  std::size_t at = chunk.used.load(std::memory_order_relaxed);
  chunk.words[at++].store(size, std::memory_order_release);
  at = store(chunk.words.get(), at, fixed);
  at = store(chunk.words.get(), at, text);
  chunk.used.store(at, std::memory_order_release);
}

void RecordStore::begin_chunk(std::size_t lane) {
  const std::size_t index = take_chunk(lane);
  Chunk& chunk = chunks_[index];
  if (!chunk.words) chunk.words = std::make_unique<std::atomic<std::uint64_t>[]>(kChunkWords);
  chunk.serial.store(0, std::memory_order_relaxed);
  chunk.used.store(0, std::memory_order_release);
  chunk.lane.store(lane, std::memory_order_release);
  chunk.serial.store(++serial_, std::memory_order_release);
  lanes_[lane].open = index;
  ++lanes_[lane].chunks;
}

// A chunk for the lane: a new one, or one that is taken from the lane that must give it up.
std::size_t RecordStore::take_chunk(std::size_t lane) {
  if (never_used_ < chunks_.size()) return never_used_++;
  const std::size_t share = chunks_.size() / std::max<std::size_t>(shared_by_, 1);
  // Those without a share are the first to give.
  const auto beyond_share = [&](std::size_t one) {
    const std::size_t chunks = lanes_[one].chunks;
    if (one >= shared_by_ && chunks > 0) return chunks + chunks_.size();
    return chunks > share ? chunks - share : 0;
  };
  // From itself, unless another one has more beyond its share. If it has nothing, there is such a one: all
  // chunks are taken.
  std::size_t from = lane;
  for (std::size_t other = 0; other < lanes_.size(); ++other)
    if (beyond_share(other) > beyond_share(from)) from = other;
  // A lane without a share that has nothing, beside others within theirs: the largest gives.
  if (lanes_[from].chunks == 0)
    from = static_cast<std::size_t>(
        std::max_element(lanes_.begin(), lanes_.end(),
                         [](const Lane& a, const Lane& b) { return a.chunks < b.chunks; }) -
        lanes_.begin());
  const std::size_t index = oldest_of(from);
  if (lanes_[from].open == index) lanes_[from].open = kNone;
  --lanes_[from].chunks;
  return index;
}

std::size_t RecordStore::oldest_of(std::size_t lane) const {
  std::size_t oldest = kNone;
  for (std::size_t i = 0; i < chunks_.size(); ++i)
    if (chunks_[i].lane.load(std::memory_order_relaxed) == lane &&
        (oldest == kNone || chunks_[i].serial.load(std::memory_order_relaxed) <
                                chunks_[oldest].serial.load(std::memory_order_relaxed)))
      oldest = i;
  return oldest;
}

std::vector<RecordStore::Place> RecordStore::places_of(std::size_t lane) const {
  std::vector<Place> places;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const std::uint64_t serial = chunks_[i].serial.load(std::memory_order_acquire);
    if (serial != 0 && chunks_[i].lane.load(std::memory_order_acquire) == lane) places.push_back({serial, i});
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.serial > b.serial; });
  return places;
}

bool RecordStore::copy(const Place& place, std::vector<std::uint64_t>& into) const {
  const Chunk& chunk = chunks_[place.chunk];
  into.clear();
  if (chunk.serial.load(std::memory_order_acquire) != place.serial) return false;
  into.resize(chunk.used.load(std::memory_order_acquire));
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = chunk.words[i].load(std::memory_order_acquire);
  return chunk.serial.load(std::memory_order_relaxed) == place.serial;
}

}  // namespace coffees::events
