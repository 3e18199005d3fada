// Many name/value pairs in one string: how header fields travel from the front to a handler and back.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace coffees {

/// Appends one field to `block`.
inline void append_header(std::string& block, std::string_view name, std::string_view value) {
  const std::uint32_t sizes[2] = {static_cast<std::uint32_t>(name.size()),
                                  static_cast<std::uint32_t>(value.size())};
  block.append(reinterpret_cast<const char*>(sizes), sizeof sizes);
  block.append(name).append(value);
}

/// Calls `each(name, value)` for every field of `block`, in order. Returns false, possibly after some calls,
/// when the block is not well formed: blocks that come from a worker are not to be trusted.
template <typename Each>
bool for_each_header(std::string_view block, Each&& each) {
  while (!block.empty()) {
    std::uint32_t sizes[2];
    if (block.size() < sizeof sizes) return false;
    std::memcpy(sizes, block.data(), sizeof sizes);
    block.remove_prefix(sizeof sizes);
    if (sizes[0] > block.size() || sizes[1] > block.size() - sizes[0]) return false;
    each(block.substr(0, sizes[0]), block.substr(sizes[0], sizes[1]));
    block.remove_prefix(std::size_t{sizes[0]} + sizes[1]);
  }
  return true;
}

}  // namespace coffees
