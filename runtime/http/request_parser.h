// What a request means: Boost.Beast's parser, with the fields kept in the form in which they travel on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>  // before Boost 1.74, which forgets it

#include <boost/beast/http/basic_parser.hpp>

#include "bytes.h"
#include "http/head_scanner.h"

namespace coffees::http {

/// Collects one request. Feed it the head that a HeadScanner admitted, then, for a chunked body, the rest
/// with put().
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  explicit RequestParser(std::uint64_t max_body);

  std::string method;
  std::string target;
  std::string headers;  ///< header_block.h, in the client's order
  std::string host;
  std::string origin;  ///< several Origin fields: all of them, which is no origin that anybody has
  std::string fetch_site;
  std::string given_id;  ///< X-Request-Id; empty also when there are several
  bool expects_continue = false;
  Bytes body;  ///< of a chunked request; others are read straight into it by the connection

  /// What the fields themselves forbid, independent of the server: ambiguous framing, expectations.
  [[nodiscard]] Refusal check_fields() const;

  /// False for HTTP/1.0.
  [[nodiscard]] bool is_http_1_1() const { return is_1_1_; }
  /// The Content-Length, or 0 without one.
  [[nodiscard]] std::uint64_t declared_length() const { return declared_length_; }

 private:
  using String = boost::beast::string_view;
  using Error = boost::beast::error_code;

  void note_field(std::string_view name, std::string_view value);

  void on_request_impl(boost::beast::http::verb, String method_text, String target_text, int version,
                       Error&) override;
  void on_response_impl(int, String, int, Error&) override {}
  void on_field_impl(boost::beast::http::field, String name, String value, Error&) override;
  void on_header_impl(Error&) override { head_done_ = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, Error&) override {}
  std::size_t on_body_impl(String piece, Error&) override;
  void on_chunk_header_impl(std::uint64_t, String, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, String piece, Error&) override;
  void on_finish_impl(Error&) override {}

  bool head_done_ = false;
  bool is_1_1_ = true;
  int hosts_ = 0;
  int given_ids_ = 0;
  int lengths_ = 0;
  int transfer_encodings_ = 0;
  bool length_is_valid_ = true;
  bool chunked_only_ = true;
  bool unknown_expectation_ = false;
  std::uint64_t declared_length_ = 0;
};

}  // namespace coffees::http
