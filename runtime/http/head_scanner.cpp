#include "http/head_scanner.h"

#include <algorithm>

#include "base/field_syntax.h"

namespace coffees::http {
namespace {

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

}  // namespace

HeadScanner::Progress HeadScanner::refuse(RefusalCode code, std::string detail) {
  refusal_ = {code, std::move(detail)};
  return Progress::refused;
}

HeadScanner::Progress HeadScanner::scan(std::string_view bytes) {
  while (true) {
    const std::size_t end = bytes.find('\n', scanned_);
    const bool complete = end != std::string_view::npos;
    std::string_view line = bytes.substr(line_start_, complete ? end - line_start_ : std::string_view::npos);
    if (const Progress progress = check_unfinished(line); progress == Progress::refused) return progress;
    if (!complete) {
      scanned_ = bytes.size();
      return Progress::need_more;
    }
    if (line.empty() || line.back() != '\r')
      return refuse(RefusalCode::bad_request, "a line ends with a bare line feed");
    line.remove_suffix(1);
    line_start_ = scanned_ = end + 1;
    if (lines_ > 0 && line.empty()) return Progress::complete;
    const Progress progress = lines_++ == 0 ? check_request_line(line) : check_field_line(line);
    if (progress == Progress::refused) return progress;
  }
}

// The limits, and bytes that no rest of the line could make right: known without waiting for its end.
HeadScanner::Progress HeadScanner::check_unfinished(std::string_view line) {
  const std::size_t limit = lines_ == 0 ? limits_.request_line : limits_.field_line;
  if (line.size() > limit)
    return lines_ == 0 ? refuse(RefusalCode::target_too_long,
                                "the request line is longer than " + std::to_string(limit) + " bytes")
                       : refuse(RefusalCode::head_too_large,
                                "a header field is longer than " + std::to_string(limit) + " bytes");
  if (line_start_ + line.size() > limits_.total)
    return refuse(RefusalCode::head_too_large,
                  "the header fields are longer than " + std::to_string(limits_.total) + " bytes in all");
  // Only the part that was not looked at before; a carriage return may be the last byte so far.
  const std::size_t known = scanned_ > line_start_ ? scanned_ - line_start_ : 0;
  for (std::size_t i = known > 0 ? known - 1 : 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    if (byte == '\r' && i + 1 < line.size())
      return refuse(RefusalCode::bad_request, "a carriage return stands inside a line");
    if ((byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7f)
      return refuse(RefusalCode::bad_request, "the head contains a control character");
  }
  return Progress::need_more;
}

HeadScanner::Progress HeadScanner::check_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return refuse(RefusalCode::bad_request, "the request line is not METHOD TARGET VERSION");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method)) return refuse(RefusalCode::bad_request, "the method is not a token");
  if (method.size() > 32) return refuse(RefusalCode::not_implemented, "this method is not implemented");
  if (target.empty() || !std::all_of(target.begin(), target.end(), is_visible))
    return refuse(RefusalCode::bad_request, "the request target contains a byte that is not allowed there");
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7]))
    return refuse(RefusalCode::bad_request, "the request line does not end in HTTP/1.1");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return refuse(RefusalCode::http_version, "only HTTP/1.1 and HTTP/1.0 are supported");
  return Progress::need_more;
}

HeadScanner::Progress HeadScanner::check_field_line(std::string_view line) {
  if (lines_ - 1 > limits_.fields)
    return refuse(RefusalCode::head_too_large,
                  "more than " + std::to_string(limits_.fields) + " header fields");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return refuse(RefusalCode::bad_request, "a header line has no colon");
  const std::string_view name = line.substr(0, colon);
  // Also refuses folded lines and white space before the colon, which others take for something else.
  if (!is_token(name))
    return refuse(RefusalCode::bad_request,
                  "a header name is empty or contains a byte that is not allowed there");
  // CGI-like programs cannot tell X_A from X-A (CVE-2015-7519 was made of this).
  if (name.find('_') != std::string_view::npos)
    return refuse(RefusalCode::bad_request, "a header name contains an underscore");
  return Progress::need_more;
}

}  // namespace coffees::http
