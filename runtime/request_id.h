// Request ids: unique, sortable by time, cheap. UUID version 7 (RFC 9562 section 5.7).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

#include "clock.h"

namespace coffees {

/// One id as text, 36 characters, or what a client has chosen, 1 to 36.
class RequestId {
 public:
  static constexpr std::size_t kLongest = 36;

  /// The id that a client gives; nothing unless it is 1 to 36 characters of [A-Za-z0-9._-].
  static std::optional<RequestId> parse(std::string_view given);
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

 private:
  friend class RequestIdSource;
  std::array<char, kLongest> text_{};
  std::uint8_t size_ = kLongest;
};

/// Makes ids: unique, not secret.
class RequestIdSource {
 public:
  /// Seeded by the kernel.
  explicit RequestIdSource(const Clock& clock);
  /// The same ids for the same seed at the same times.
  RequestIdSource(const Clock& clock, std::uint64_t seed) : clock_(clock), random_(seed) {}

  RequestId make();

 private:
  const Clock& clock_;
  std::mt19937_64 random_;
};

}  // namespace coffees
