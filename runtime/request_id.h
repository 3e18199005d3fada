// Request ids: unique, sortable by time, cheap. UUID version 7 (RFC 9562 section 5.7).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace coffees {

/// One id as text, 36 characters, or what a client has chosen, 1 to 36.
class RequestId {
 public:
  static constexpr std::size_t kLongest = 36;

  /// A new id. Random bits come from a generator that is seeded by the kernel once: ids are unique, not
  /// secret.
  static RequestId make();
  /// The id that a client gives; nothing unless it is 1 to 36 characters of [A-Za-z0-9._-].
  static std::optional<RequestId> parse(std::string_view given);
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, kLongest> text_{};
  std::uint8_t size_ = kLongest;
};

}  // namespace coffees
