#include "admin/api.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/numbers.h"
#include "base/suggest.h"

namespace coffees::admin {
namespace {

// The segments of `path` that stand for {...} in `pattern`, decoded, or nothing when it does not match.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> found;
  while (true) {
    const std::string_view wanted = pattern.substr(0, pattern.find('/'));
    const std::string_view given = path.substr(0, path.find('/'));
    const std::optional<std::string> decoded = http::percent_decode(given, false);
    if (!decoded) return std::nullopt;
    if (wanted.starts_with('{') && !decoded->empty())
      found.push_back(*decoded);
    else if (wanted != *decoded)
      return std::nullopt;
    const bool pattern_ends = wanted.size() == pattern.size();
    if (pattern_ends != (given.size() == path.size())) return std::nullopt;
    if (pattern_ends) return found;
    pattern.remove_prefix(wanted.size() + 1);
    path.remove_prefix(given.size() + 1);
  }
}

// A parameter that is misspelt would change nothing, and its sender would not know. Returns the first one.
std::optional<std::string> unknown_parameter(const http::Parameters& given,
                                             const std::vector<std::string>& known) {
  for (const auto& [name, value] : given)
    if (std::find(known.begin(), known.end(), name) == known.end()) return name;
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> whole_number(std::string_view text, std::uint64_t most) {
  const auto value = parse_whole<std::uint64_t>(text);
  return value && *value <= most ? value : std::nullopt;
}

Reply no_answer() {
  return problem(RefusalCode::unavailable, "the server is stopping, or too busy to answer");
}

Api::Api(const Sources& sources, Bridge& bridge, ScanThread& scans, const Executor& home, TimerQueue& timers,
         const Doorbell& bell)
    : sources_(sources),
      bridge_(bridge),
      scans_(scans),
      timers_(timers),
      lists_(home, timers, kMostLists),
      streams_(sources_.log, home, timers, bell, sources_.version, sources_.digest) {}

struct Api::Route {
  const char* method;
  const char* path;
  Task<Reply> (Api::*handler)(const Asked&, const Segments&);
  std::vector<std::string> query = {};  ///< the parameters that it understands
};

const std::vector<Api::Route>& Api::table() {
  static const std::vector<std::string> filters{"function", "worker", "request", "outcome",
                                                "start",    "limit",  "since"};
  static const std::vector<Route> routes{
      {"GET", "/", &Api::start_page},
      {"GET", "/healthz", &Api::healthz},
      {"GET", "/metrics", &Api::metrics},
      {"GET", "/openapi.json", &Api::openapi},
      {"GET", "/api/v1/functions", &Api::list_functions},
      {"GET", "/api/v1/functions/{function}", &Api::one_function},
      {"POST", "/api/v1/functions/{function}/warm", &Api::warm},
      {"POST", "/api/v1/functions/{function}/cold", &Api::cold},
      {"GET", "/api/v1/workers", &Api::list_workers, {"function"}},
      {"DELETE", "/api/v1/workers/{worker}", &Api::stop_worker},
      {"GET", "/api/v1/invocations", &Api::list_invocations, filters},
      {"GET", "/api/v1/invocations/{request_id}", &Api::one_invocation},
      {"GET", "/api/v1/invocations/{request_id}/logs", &Api::invocation_logs},
      {"GET", "/api/v1/logs", &Api::list_logs, filters},
      {"GET", "/api/v1/stats", &Api::stats, filters},
      {"GET", "/api/v1/isolation", &Api::isolation},
      {"GET", "/api/v1/config", &Api::effective_config},
      {"GET", "/api/v1/version", &Api::version},
      {"GET", "/api/v1/events", &Api::events, {"function", "types", "since"}},
  };
  return routes;
}

std::vector<std::string> Api::routes() {
  std::vector<std::string> all;
  for (const Route& route : table()) all.push_back(std::string(route.method) + " " + route.path);
  return all;
}

Task<Reply> Api::answer(const Asked& asked) {
  std::string allowed;
  const std::string_view method = asked.method == "HEAD" ? "GET" : asked.method;
  for (const Route& route : table()) {
    const std::optional<Segments> segments = match(route.path, asked.path);
    if (!segments) continue;
    if (method != route.method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    if (const auto unknown = unknown_parameter(asked.query, route.query))
      co_return problem(RefusalCode::bad_request, "there is no parameter '" + *unknown + "' here",
                        route.query.empty() ? "this path takes no parameters"
                                            : fmt::format("known: {}", fmt::join(route.query, ", ")));
    co_return co_await (this->*route.handler)(asked, *segments);
  }
  if (allowed.empty())
    co_return problem(RefusalCode::not_found, "there is no such resource",
                      "GET /openapi.json lists the resources");
  Reply reply = problem(RefusalCode::method_not_allowed, "this resource does not support the method",
                        "allowed: " + allowed);
  reply.fields += "Allow: " + allowed + "\r\n";
  co_return reply;
}

Reply Api::too_many_lists() {
  return problem(RefusalCode::too_many_lists, "eight other long lists are being read",
                 "try again in a moment");
}

Task<std::optional<State>> Api::state() {
  const auto read = [this] { return read_state(sources_.dispatcher, sources_.log.functions()); };
  std::optional<State> now = co_await bridge_.ask(read);
  co_return now;
}

std::optional<std::size_t> Api::find_function(std::string_view name) const {
  const auto& names = sources_.log.functions();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

Reply Api::unknown_function(std::string_view name) const {
  const std::string meant = did_you_mean(std::string(name), sources_.log.functions());
  return unknown_function_problem(
      "there is no function named '" + std::string(name) + "'",
      meant.empty() ? "GET /api/v1/functions lists them" : "did you mean '" + meant + "'?");
}

}  // namespace coffees::admin
