#include "http/origins.h"

#include <algorithm>

#include "base/header_block.h"
#include "http/same.h"

namespace coffees::http {
namespace {

// What scripts may read of our own fields; the handler's own it has to name itself.
constexpr std::string_view kExposed =
    "Access-Control-Expose-Headers: X-Request-Id, X-Coffees-Worker, X-Coffees-Start, X-Coffees-Error, "
    "Server-Timing, Retry-After\r\n";

bool holds(const Origins::List& list, std::string_view origin) {
  return std::any_of(list.begin(), list.end(),
                     [origin](const std::string& one) { return same(one, origin); });
}

}  // namespace

const Origins::List& Origins::further(std::string_view function) const {
  static const List none;
  const auto found = functions_.find(function);
  return found == functions_.end() ? none : found->second;
}

Origins::Grant Origins::grant(std::string_view origin, std::string_view function) const {
  const List& more = further(function);
  if (server_.empty() && more.empty()) return Grant::none;
  if (origin != "*" && (holds(server_, origin) || holds(more, origin))) return Grant::named;
  return holds(server_, "*") || holds(more, "*") ? Grant::any : Grant::none;
}

std::string Origins::answer_lines(std::string_view origin, std::string_view function) const {
  if (server_.empty() && further(function).empty()) return {};
  std::string lines;
  const Grant granted = origin.empty() ? Grant::none : grant(origin, function);
  if (granted == Grant::named)
    lines.append("Access-Control-Allow-Origin: ")
        .append(origin)
        .append("\r\nAccess-Control-Allow-Credentials: true\r\n");
  if (granted == Grant::any) lines += "Access-Control-Allow-Origin: *\r\n";
  if (granted != Grant::none) lines += kExposed;
  // Also where nothing is granted: a cache must not give this answer to a page of another origin.
  return lines += "Vary: Origin\r\n";
}

std::string Origins::preflight_lines(std::string_view headers, std::string_view methods) {
  bool preflight = false;
  bool private_network = false;
  std::string wanted;
  for_each_header(headers, [&](std::string_view name, std::string_view value) {
    if (same(name, "access-control-request-method")) preflight = true;
    if (same(name, "access-control-request-private-network")) private_network = same(value, "true");
    if (same(name, "access-control-request-headers") && !value.empty())
      wanted.append(wanted.empty() ? "" : ", ").append(value);
  });
  if (!preflight) return {};
  std::string lines = "Access-Control-Allow-Methods: ";
  lines.append(methods).append("\r\n");
  // By name, since with credentials * is no wildcard.
  if (!wanted.empty()) lines.append("Access-Control-Allow-Headers: ").append(wanted).append("\r\n");
  // https://wicg.github.io/private-network-access: a public page asks for a server on this machine.
  if (private_network) lines += "Access-Control-Allow-Private-Network: true\r\n";
  return lines +=
         "Access-Control-Max-Age: 600\r\n"
         "Vary: Access-Control-Request-Method, Access-Control-Request-Headers\r\n";
}

}  // namespace coffees::http
