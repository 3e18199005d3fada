#include "cli/ports.h"

#include <fmt/format.h>

#include "cli/commands.h"

namespace coffees::cli {
namespace {

constexpr int kMostPairsTried = 50;

std::uint16_t plus(std::uint16_t port, int offset) {
  return port == 0 ? port : static_cast<std::uint16_t>((port + offset) & 0xffff);
}

int print_not_listening(const std::string& where, const ErrorCode& error, const char* if_taken,
                        const char* otherwise) {
  const bool taken = error == asio::error::address_in_use;
  const config::Problem problem{taken ? "E101" : "E102", "",
                                fmt::format("cannot listen on {}: {}", where, error.message()),
                                taken ? if_taken : otherwise};
  fmt::print(stderr, "{}\n", problem.text());
  return taken ? kPortTaken : kUsage;
}

}  // namespace

std::string url_of(const std::string& wanted, std::uint16_t port) {
  // What listens on all addresses is reached by this machine on the loopback one.
  const std::string host = wanted == "0.0.0.0" ? "127.0.0.1" : (wanted == "::" ? "::1" : wanted);
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

std::optional<int> take_ports(http::Server& front, admin::AdminServer& admin, const config::Server& wanted,
                              Console& console) {
  const auto taken = asio::error::address_in_use;
  std::uint16_t port = wanted.port;
  std::uint16_t admin_port = wanted.admin_port;
  const bool both = !wanted.host_asked_for || wanted.host == "localhost";
  const auto listen = [&] {
    return both ? front.listen_on_both_loopbacks(port) : front.listen(wanted.host, port);
  };
  ErrorCode error = listen();
  ErrorCode admin_error;
  if (!error) admin_error = admin.bind(wanted.admin_host, admin_port);
  for (int pair = 1; pair <= kMostPairsTried; ++pair) {
    const bool invoke_moves = error == taken && !wanted.port_asked_for;
    const bool admin_moves = admin_error == taken && !wanted.admin_port_asked_for;
    if (!invoke_moves && !admin_moves) break;
    if (!wanted.port_asked_for) port = plus(wanted.port, 2 * pair);
    if (!wanted.admin_port_asked_for) admin_port = plus(wanted.admin_port, 2 * pair);
    if (!wanted.port_asked_for) error = listen();
    if (!error) admin_error = admin.bind(wanted.admin_host, admin_port);
  }
  if (error)
    return print_not_listening(fmt::format("{}:{}{}", wanted.host, port, both ? " and [::1]" : ""), error,
                               "use the server that runs there, or another port: coffees serve --port 0",
                               "`host` is an address of this machine, 127.0.0.1 for yourself only");
  if (admin_error)
    return print_not_listening(fmt::format("{}:{} for the admin port", wanted.admin_host, admin_port),
                               admin_error, "use another port: coffees serve --admin-port 0",
                               "`admin_host` is an address of this machine, 127.0.0.1 for yourself only");
  if (port != wanted.port && wanted.port != 0)
    console.notice(fmt::format("port {} is taken; using {} instead", wanted.port, port));
  else if (admin_port != wanted.admin_port && wanted.admin_port != 0)
    console.notice(fmt::format("admin port {} is taken; using {} instead", wanted.admin_port, admin_port));
  return std::nullopt;
}

}  // namespace coffees::cli
