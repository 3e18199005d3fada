// The bytes of a request head, checked line by line as they arrive: what HTTP/1.1 forbids is refused, never
// repaired.
//
// Beast's parser reads what a head means; it is lenient where leniency lets two programs disagree about where
// a request ends (RFC 9112 section 11.2, request smuggling). This scanner runs before it and admits only
// unambiguous bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "refusal_code.h"

namespace coffees::http {

/// Limits of a request head, in bytes and fields.
struct HeadLimits {
  std::size_t request_line = 8 * 1024 + 64;  ///< 8 KiB of target and what stands around it
  std::size_t field_line = 16 * 1024;
  std::size_t total = 64 * 1024;
  std::size_t fields = 100;
};

/// Why a request is refused before any function sees it.
struct Refusal {
  std::optional<RefusalCode> code{};  ///< nothing: it is not refused
  std::string detail{};
  std::string hint{};  ///< what to do about it; may be empty
  [[nodiscard]] explicit operator bool() const { return code.has_value(); }
  /// The HTTP status; 0 if it is not refused.
  [[nodiscard]] int status() const { return code ? status_of(*code) : 0; }
};

/// Scans one head. Give it the whole buffer each time; it remembers how far it was.
class HeadScanner {
 public:
  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  enum class Progress { need_more, complete, refused };
  /// `bytes` begins with the request line and only ever grows between calls.
  Progress scan(std::string_view bytes);

  /// After complete: bytes of the head with its empty line.
  [[nodiscard]] std::size_t head_size() const { return line_start_; }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  Progress refuse(RefusalCode code, std::string detail);
  Progress check_request_line(std::string_view line);
  Progress check_field_line(std::string_view line);
  Progress check_unfinished(std::string_view line);

  HeadLimits limits_;
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
  std::size_t lines_ = 0;
  Refusal refusal_;
};

}  // namespace coffees::http
