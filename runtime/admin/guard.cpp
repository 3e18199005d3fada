#include "admin/guard.h"

#include <algorithm>
#include <string_view>

#include "admin/json_reply.h"
#include "field_syntax.h"

namespace coffees::admin {
namespace {

constexpr std::size_t kLongestTarget = 2048;
constexpr std::size_t kLongestPath = 256;
constexpr std::size_t kMostFields = 64;
constexpr std::size_t kLongestLengthField = 5;  // digits: bodies here are small

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// In a time that does not tell how much of it was right.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference |= static_cast<unsigned>(a[i]) ^ static_cast<unsigned>(b[i]);
  return difference == 0;
}

bool well_formed(const httplib::Request& request, httplib::Response& response) {
  const auto refuse = [&response](int status, const char* why) {
    problem(response, status, "bad_request", why);
    return false;
  };
  if (request.target.size() > kLongestTarget || request.path.size() > kLongestPath)
    return refuse(414, "the target is too long");
  if (request.path.find('\0') != std::string::npos) return refuse(400, "the path holds a zero byte");
  if (request.headers.size() > kMostFields) return refuse(431, "too many header fields");
  for (const auto& [name, value] : request.headers)
    if (!is_token(name) || !is_field_value(value)) return refuse(400, "a header field is not well formed");
  if (request.get_header_value_count("Host") != 1) return refuse(400, "exactly one Host field is needed");
  if (request.has_header("Transfer-Encoding")) return refuse(411, "send a Content-Length");
  if (request.has_header("Content-Encoding")) return refuse(415, "bodies are not decoded here");
  // The library takes forms apart with a regular expression that goes back and forth for seconds.
  if (request.is_multipart_form_data()) return refuse(415, "forms are not understood here");
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  if (lengths > 1) return refuse(400, "there is more than one Content-Length");
  if (lengths == 1) {
    const std::string length = request.get_header_value("Content-Length");
    if (!is_number(length)) return refuse(400, "the Content-Length is no number");
    if (length.size() > kLongestLengthField) return refuse(413, "the body is too large");
  }
  return true;
}

}  // namespace

bool admit(const GuardSettings& settings, const httplib::Request& request, httplib::Response& response) {
  if (!well_formed(request, response)) return false;
  const front::Refusal refusal =
      settings.access.check(request.target, request.get_header_value("Host"),
                            request.get_header_value("Origin"), request.get_header_value("Sec-Fetch-Site"));
  if (refusal) {
    problem(response, refusal.status, refusal.status == 421 ? "foreign_host" : "cross_site", refusal.detail);
    return false;
  }
  if (settings.token.empty() || request.path == "/healthz") return true;
  constexpr std::string_view scheme = "Bearer ";
  const std::string given = request.get_header_value("Authorization");
  if (given.starts_with(scheme) && same_secret(std::string_view(given).substr(scheme.size()), settings.token))
    return true;
  response.set_header("WWW-Authenticate", "Bearer");
  problem(response, 401, "unauthorized", "this admin port wants a token", settings.token_hint);
  return false;
}

}  // namespace coffees::admin
