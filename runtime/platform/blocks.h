// Large blocks of memory, straight from the system, kept for a while.
#pragma once

#include <cstddef>

namespace coffees::platform {

/// A block, or nothing (null and 0).
struct Block {
  char* data = nullptr;
  std::size_t size = 0;  ///< bytes, whole pages
};

/// A block of at least `size` bytes, at most a quarter more. Its content is anything. Each thread keeps a few
/// of those that it was given back, 16 MiB in all: a page that has been used costs nothing, a new one takes a
/// fault. What is beyond goes back to the system at once, where the C library would keep it in between
/// smaller pieces. Throws std::bad_alloc.
Block take_block(std::size_t size);
/// Gives it back, to the calling thread. `block` may be nothing.
void give_back_block(Block block) noexcept;
/// A larger one of at least `size` bytes, with the first `used` bytes of `block`, which is given back.
Block grow_block(Block block, std::size_t used, std::size_t size);

}  // namespace coffees::platform
