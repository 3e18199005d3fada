#include "config/client_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/field_syntax.h"

namespace coffees::config {
namespace {

constexpr std::size_t kLongestName = 253;  // RFC 1035 section 2.3.4, without the dot at the end
constexpr std::string_view kSchemeEnd = "://";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_ipv6_text(std::string_view text) {
  return std::count(text.begin(), text.end(), ':') >= 2 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
         });
}

// A name without scheme, port and path; what is wrong with it otherwise.
std::string check_name(std::string_view name) {
  if (name.empty()) return "a name is missing";
  if (name.starts_with('[')) {
    if (name.ends_with(']') && is_ipv6_text(name.substr(1, name.size() - 2))) return {};
    return "an IPv6 address in brackets looks like [2001:db8::1]";
  }
  if (name.find('*') != std::string_view::npos) return "there are no wildcards: list each name";
  for (const char c : name)
    if (static_cast<unsigned char>(c) >= 0x80)
      return "clients send names in ASCII: write the xn--... form (RFC 5891)";
  const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; };
  if (!std::all_of(name.begin(), name.end(), fits)) return "a name has letters, digits, - . and _ only";
  if (name.size() > kLongestName + 1) return "a name has at most 253 characters";
  return {};
}

}  // namespace

std::string why_no_host_matches(std::string_view host) {
  if (host.find_first_not_of(" \t") == std::string_view::npos) return "a name like \"coffee.example\"";
  if (host.find_first_of(" \t\r\n") != std::string_view::npos) return "write it without spaces";
  if (const std::size_t scheme = host.find(kSchemeEnd); scheme != std::string_view::npos)
    return fmt::format("write it without {}", host.substr(0, scheme + kSchemeEnd.size()));
  if (const std::size_t path = host.find_first_of("/?#"); path != std::string_view::npos)
    return fmt::format("write the name alone: \"{}\"", host.substr(0, path));
  if (host.find('@') != std::string_view::npos) return "write it without a user name";
  if (is_ipv6_text(host)) return fmt::format("write an IPv6 address in brackets: \"[{}]\"", host);
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
    return fmt::format("write it without its port: \"{}\"; every port is meant", host.substr(0, colon));
  return check_name(host);
}

}  // namespace coffees::config
