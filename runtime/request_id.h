// Request ids: unique, sortable by time, cheap. UUID version 7 (RFC 9562 section 5.7).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coffees {

/// One id as text, 36 characters.
class RequestId {
 public:
  /// A new id. Random bits come from a generator that is seeded by the kernel once: ids are unique, not
  /// secret.
  static RequestId make();
  [[nodiscard]] std::string_view view() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 36> text_{};
};

}  // namespace coffees
