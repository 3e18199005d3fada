#include "http/access_rules.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "http/same.h"

namespace coffees::http {
namespace {

constexpr std::string_view kHttp = "http://";

// "host", "host:port", "[v6]", "[v6]:port" split in two; false for any other text.
bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port) {
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.starts_with('[')
                                ? (bracket == std::string_view::npos ? bracket : bracket + 1)
                                : authority.find(':');
  if (authority.starts_with('[') && bracket == std::string_view::npos) return false;
  host = authority.substr(0, colon);
  port = {};
  if (colon != std::string_view::npos && colon < authority.size()) {
    if (authority[colon] != ':') return false;
    port = authority.substr(colon + 1);
  }
  return !host.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         host.find_first_of("/?#@\\ \t,") == std::string_view::npos;
}

bool is_every_address(const std::string& host) {
  boost::system::error_code error;
  return boost::asio::ip::make_address(host, error).is_unspecified() && !error;
}

// "192.168.1.5", "[2001:db8::1]": an address of one machine, in the one way to write it.
bool is_one_address(std::string_view host) {
  const bool v6 = host.starts_with('[');
  if (v6) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  return !error && address.is_v6() == v6 && !address.is_unspecified();
}

// Whether both name the same place: a port that goes without saying may be said.
bool same_authority(std::string_view a, std::string_view b, std::string_view usual_port) {
  if (a.ends_with(usual_port)) a.remove_suffix(usual_port.size());
  if (b.ends_with(usual_port)) b.remove_suffix(usual_port.size());
  return !a.empty() && same(a, b);
}

// Whether a page of `origin` came from this server. With https it came through a proxy that ends TLS: the
// scheme is not seen here, but the Host that the page was asked for is.
bool is_own_origin(std::string_view origin, std::string_view host) {
  constexpr std::string_view https = "https://";
  if (same(origin.substr(0, kHttp.size()), kHttp))
    return same_authority(origin.substr(kHttp.size()), host, ":80");
  return same(origin.substr(0, https.size()), https) &&
         same_authority(origin.substr(https.size()), host, ":443");
}

}  // namespace

AccessRules::AccessRules(std::vector<std::string> hosts, std::string bound_host, Origins origins)
    : hosts_(std::move(hosts)), any_address_(is_every_address(bound_host)), origins_(std::move(origins)) {
  hosts_.insert(hosts_.end(), {"localhost", "127.0.0.1", "[::1]"});
  if (bound_host.find(':') != std::string::npos) bound_host = "[" + bound_host + "]";
  hosts_.push_back(std::move(bound_host));
}

Refusal AccessRules::check_host(std::string_view host) const {
  std::string_view name;
  std::string_view port;
  if (!split_authority(host, name, port))
    return {RefusalCode::bad_request, "the Host is not a name or address with an optional port"};
  for (const std::string& allowed : hosts_)
    if (same(name, allowed)) return {};
  if (any_address_ && is_one_address(name)) return {};
  return {RefusalCode::foreign_host, "this server does not answer for the host " +
                                         std::string(name.substr(0, 256)) +
                                         "; add it to `hosts` of [server] if it should"};
}

Refusal AccessRules::check(const Asked& asked) const {
  // Both are checked: a proxy may have looked at the other one.
  std::string_view host = asked.host;
  if (!host.empty())
    if (Refusal refusal = check_host(host)) return refusal;
  if (!asked.authority.empty()) {
    host = asked.authority;
    if (Refusal refusal = check_host(host)) return refusal;
  }
  if (origins_.grant(asked.origin, asked.function) != Origins::Grant::none) return {};
  if (!asked.origin.empty() && !is_own_origin(asked.origin, host))
    return {RefusalCode::cross_site, "requests from pages of another origin are refused",
            "if pages of " + std::string(asked.origin.substr(0, 256)) +
                " may call, add it to `origins` of [server] or of the function"};
  if (!asked.fetch_site.empty() && asked.fetch_site != "same-origin" && asked.fetch_site != "none")
    return {RefusalCode::cross_site, "cross-site requests are refused",
            "list the pages' origins in `origins` of [server] or of the function, and call with fetch()"};
  return {};
}

}  // namespace coffees::http
