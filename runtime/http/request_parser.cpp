#include "http/request_parser.h"

#include "base/header_block.h"
#include "base/numbers.h"
#include "http/same.h"

namespace coffees::http {
RequestParser::RequestParser(std::uint64_t max_body) {
  header_limit(128 * 1024);  // the scanner's limits are the tighter ones
  body_limit(max_body);
}

void RequestParser::on_request_impl(boost::beast::http::verb, String method_text, String target_text,
                                    int version, Error&) {
  method.assign(method_text.data(), method_text.size());
  target.assign(target_text.data(), target_text.size());
  is_1_1_ = version == 11;
}

void RequestParser::on_field_impl(boost::beast::http::field, String name, String value, Error&) {
  if (head_done_)
    return;  // trailers are read and dropped: they must not look like header fields (RFC 9110, 6.5.1)
  note_field({name.data(), name.size()}, {value.data(), value.size()});
}

void RequestParser::note_field(std::string_view name, std::string_view value) {
  append_header(headers, name, value);
  switch (name.size()) {  // sorts out nearly all names without comparing them
    case 4:
      if (same(name, "host")) {
        ++hosts_;
        host = value;
      }
      break;
    case 6:
      if (same(name, "origin")) origin.append(origin.empty() ? "" : ", ").append(value);
      if (same(name, "expect")) {
        expects_continue = same(value, "100-continue");
        unknown_expectation_ = !expects_continue;
      }
      break;
    case 12:
      if (same(name, "x-request-id")) given_id = ++given_ids_ == 1 ? value : std::string_view();
      break;
    case 14:
      if (same(name, "content-length")) {
        ++lengths_;
        // 1*DIGIT (RFC 9110 section 8.6), at most 19 of them: those always fit into 64 bits.
        const auto length = parse_whole<std::uint64_t>(value);
        length_is_valid_ = length && value.size() < 20;
        declared_length_ = length.value_or(0);
      } else if (same(name, "sec-fetch-site")) {
        fetch_site = value;
      }
      break;
    case 17:
      if (same(name, "transfer-encoding")) {
        ++transfer_encodings_;
        chunked_only_ = same(value, "chunked");
      }
      break;
    default:
      break;
  }
}

std::size_t RequestParser::on_body_impl(String piece, Error&) {
  body.append({piece.data(), piece.size()});
  return piece.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, String piece, Error&) {
  body.append({piece.data(), piece.size()});
  return piece.size();
}

Refusal RequestParser::check_fields() const {
  if (hosts_ > 1) return {RefusalCode::bad_request, "more than one Host field"};
  if (is_1_1_ && hosts_ == 0) return {RefusalCode::bad_request, "no Host field"};
  if (lengths_ > 1) return {RefusalCode::bad_request, "more than one Content-Length field"};
  if (!length_is_valid_) return {RefusalCode::bad_request, "Content-Length is not a number"};
  if (transfer_encodings_ > 0) {
    if (lengths_ > 0) return {RefusalCode::bad_request, "both Content-Length and Transfer-Encoding"};
    if (!is_1_1_) return {RefusalCode::bad_request, "Transfer-Encoding in HTTP/1.0"};
    if (transfer_encodings_ > 1) return {RefusalCode::bad_request, "more than one Transfer-Encoding field"};
    if (!chunked_only_)
      return {RefusalCode::not_implemented, "the only transfer coding that is supported is chunked"};
  }
  if (unknown_expectation_)
    return {RefusalCode::unknown_expectation, "the only expectation that is supported is 100-continue"};
  return {};
}

}  // namespace coffees::http
