#include "platform/blocks.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace coffees::platform {
namespace {

constexpr std::size_t kMostKept = 16 * 1024 * 1024;  // bytes

std::size_t whole_pages(std::size_t size) {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

void unmap(Block block) noexcept { ::munmap(block.data, block.size); }

// The blocks that one thread keeps, oldest first.
class Kept {
 public:
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    while (count_ > 0) unmap(take_at(0));
  }

  void add(Block block) noexcept {
    if (block.size > kMostKept / 2) return unmap(block);
    while (count_ == blocks_.size() || bytes_ + block.size > kMostKept) unmap(take_at(0));
    blocks_[count_++] = block;
    bytes_ += block.size;
  }
  // The newest that fits: its pages are the likeliest to be in a processor's cache.
  Block take(std::size_t size) noexcept {
    for (std::size_t i = count_; i-- > 0;)
      if (blocks_[i].size >= size && blocks_[i].size <= size + size / 4) return take_at(i);
    return {};
  }

 private:
  Block take_at(std::size_t index) noexcept {
    const Block block = blocks_[index];
    std::move(blocks_.begin() + index + 1, blocks_.begin() + count_, blocks_.begin() + index);
    --count_;
    bytes_ -= block.size;
    return block;
  }

  std::array<Block, 32> blocks_{};
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

thread_local Kept kept;

}  // namespace

Block take_block(std::size_t size) {
  if (const Block block = kept.take(whole_pages(size)); block.data != nullptr) return block;
  const std::size_t whole = whole_pages(size);
  void* data = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return {static_cast<char*>(data), whole};
}

void give_back_block(Block block) noexcept {
  if (block.data != nullptr) kept.add(block);
}

Block grow_block(Block block, std::size_t used, std::size_t size) {
  if (block.data == nullptr) return take_block(size);
  const std::size_t whole = whole_pages(size);
  if (const Block larger = kept.take(whole); larger.data != nullptr) {
    std::memcpy(larger.data, block.data, used);
    kept.add(block);
    return larger;
  }
  void* data = ::mremap(block.data, block.size, whole, MREMAP_MAYMOVE);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return {static_cast<char*>(data), whole};
}

}  // namespace coffees::platform
