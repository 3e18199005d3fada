#include "request_id.h"

#include <algorithm>
#include <chrono>
#include <random>

namespace coffees {
namespace {

std::mt19937_64 seeded_generator() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
  return std::mt19937_64(seed);
}

}  // namespace

RequestIdSource::RequestIdSource(const Clock& clock) : clock_(clock), random_(seeded_generator()) {}

RequestId RequestIdSource::make() {
  const auto now = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.since_1970()).count());
  const std::uint64_t high = (now << 16) | 0x7000U | (random_() & 0x0fffU);
  const std::uint64_t low = 0x8000'0000'0000'0000U | (random_() >> 2);
  RequestId id;
  std::size_t position = 0;
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) id.text_[position++] = '-';
    const std::uint64_t half = nibble < 16 ? high : low;
    id.text_[position++] = "0123456789abcdef"[(half >> (60 - 4 * (nibble % 16))) & 0xf];
  }
  return id;
}

std::optional<RequestId> RequestId::parse(std::string_view given) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (given.empty() || given.size() > kLongest || !std::all_of(given.begin(), given.end(), allowed))
    return std::nullopt;
  RequestId id;
  id.size_ = static_cast<std::uint8_t>(given.copy(id.text_.data(), kLongest));
  return id;
}

}  // namespace coffees
