#include "admin/guard.h"

#include <algorithm>
#include <string_view>

#include "base/header_block.h"
#include "http/same.h"

namespace coffees::admin {
namespace {

// Constant-time comparison: the time depends on the lengths only.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference |= static_cast<unsigned>(a[i]) ^ static_cast<unsigned>(b[i]);
  return difference == 0;
}

struct Fields {
  bool encoded = false;
  bool form = false;
  std::string_view authorization;
};

Fields fields_of(const http::Request& request) {
  constexpr std::string_view form = "multipart/";
  Fields fields;
  for_each_header(request.parser.headers, [&](std::string_view name, std::string_view value) {
    if (http::same(name, "content-encoding")) fields.encoded = true;
    if (http::same(name, "content-type") && http::same(value.substr(0, form.size()), form))
      fields.form = true;
    if (http::same(name, "authorization")) fields.authorization = value;
  });
  return fields;
}

}  // namespace

http::Refusal check(const GuardSettings& settings, const http::Request& request) {
  const http::RequestParser& parser = request.parser;
  if (parser.host.empty() && request.target.authority.empty())
    return {RefusalCode::bad_request, "a Host field is needed"};
  http::Refusal refusal = settings.access.check({.authority = request.target.authority,
                                                 .host = parser.host,
                                                 .origin = parser.origin,
                                                 .fetch_site = parser.fetch_site});
  if (refusal) {
    refusal.hint.clear();  // `origins` are those of the invoke port
    return refusal;
  }
  const Fields fields = fields_of(request);
  if (parser.chunked()) return {RefusalCode::length_required, "send a Content-Length"};
  if (fields.encoded) return {RefusalCode::unsupported_media_type, "Content-Encoding is not supported here"};
  if (fields.form) return {RefusalCode::unsupported_media_type, "forms are not supported here", "send JSON"};
  if (settings.token.empty() || request.target.path == "/healthz") return {};
  constexpr std::string_view scheme = "Bearer ";
  if (fields.authorization.starts_with(scheme) &&
      same_secret(fields.authorization.substr(scheme.size()), settings.token))
    return {};
  return {RefusalCode::unauthorized, "this admin port requires a token", settings.token_hint};
}

}  // namespace coffees::admin
