#include "front/routes.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "front/same.h"

namespace coffees::front {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

Route refused(int status, std::string detail) {
  Route route;
  route.refusal = {status, std::move(detail)};
  return route;
}

bool is_absolute(std::string_view target) {
  return target.size() > kScheme.size() && same(target.substr(0, kScheme.size()), kScheme);
}

// "host", "host:port", "[v6]", "[v6]:port" split in two; false when it is none of these.
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
  if (same(origin.substr(0, kScheme.size()), kScheme))
    return same_authority(origin.substr(kScheme.size()), host, ":80");
  return same(origin.substr(0, https.size()), https) &&
         same_authority(origin.substr(https.size()), host, ":443");
}

}  // namespace

Route route(std::string_view method, std::string_view target) {
  if (method == "TRACE" || method == "CONNECT") return refused(405, "this method does not reach functions");
  if (target == "*") {
    if (method != "OPTIONS") return refused(400, "the target * goes with OPTIONS only");
    return {.kind = Route::Kind::options};
  }
  if (is_absolute(target)) {
    const std::size_t end = target.find_first_of("/?", kScheme.size());
    target = end == std::string_view::npos || target[end] == '?' ? std::string_view("/") : target.substr(end);
  }
  if (!target.starts_with('/')) return refused(400, "the target is not a path");
  if (target.find('#') != std::string_view::npos) return refused(400, "the target contains a fragment");
  Route route;
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) route.query = target.substr(question + 1);
  const std::string_view path =
      target.substr(1, question == std::string_view::npos ? question : question - 1);
  const std::size_t slash = path.find('/');
  route.function = path.substr(0, slash);
  if (slash != std::string_view::npos) route.path = path.substr(slash);

  if (method == "OPTIONS") {
    route.kind = Route::Kind::options;
    return route;
  }
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end())
    return refused(501, "this method is not implemented");
  if (route.function == "healthz" || route.function == "readyz") {
    if (method != "GET" && method != "HEAD") return refused(405, "health is read with GET");
    route.kind = route.function == "healthz" ? Route::Kind::health : Route::Kind::readiness;
    return route;
  }
  if (route.function.empty()) return refused(404, "no function is named: POST /{function}");
  if (route.function.size() > 64 ||
      !std::all_of(route.function.begin(), route.function.end(), is_name_character))
    return refused(400, "a function's name is made of letters, digits, - and _, at most 64");
  route.kind = Route::Kind::function;
  return route;
}

std::string_view path_of(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  if (target.starts_with('/') || target == "*") return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

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
    return {400, "the Host is not a name or address with an optional port"};
  for (const std::string& allowed : hosts_)
    if (same(name, allowed)) return {};
  if (any_address_ && is_one_address(name)) return {};
  return {421, "this server does not answer for the host " + std::string(name.substr(0, 256)) +
                   "; add it to `hosts` of [server] if it should"};
}

Refusal AccessRules::check(std::string_view target, std::string_view host, std::string_view origin,
                           std::string_view fetch_site, std::string_view function) const {
  if (!host.empty())
    if (Refusal refusal = check_host(host)) return refusal;
  if (is_absolute(target)) {
    const std::string_view rest = target.substr(kScheme.size());
    host = rest.substr(0, rest.find_first_of("/?"));
    if (Refusal refusal = check_host(host)) return refusal;
  }
  if (origins_.grant(origin, function) != Origins::Grant::none) return {};
  if (!origin.empty() && !is_own_origin(origin, host))
    return {403, "requests from pages of another origin are refused",
            "if pages of " + std::string(origin.substr(0, 256)) +
                " may call, add it to `origins` of [server] or of the function"};
  if (!fetch_site.empty() && fetch_site != "same-origin" && fetch_site != "none")
    return {403, "cross-site requests are refused",
            "`origins` of [server] or of the function names those whose pages may call, with fetch()"};
  return {};
}

}  // namespace coffees::front
