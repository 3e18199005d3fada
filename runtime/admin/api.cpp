#include "admin/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/units.h"

namespace coffees::admin {
namespace {

// The segments of `path` that stand for {...} in `pattern`, or nothing when it does not match.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> found;
  while (true) {
    const std::string_view wanted = pattern.substr(0, pattern.find('/'));
    const std::string_view given = path.substr(0, path.find('/'));
    if (wanted.starts_with('{') && !given.empty())
      found.emplace_back(given);
    else if (wanted != given)
      return std::nullopt;
    const bool pattern_ends = wanted.size() == pattern.size();
    if (pattern_ends != (given.size() == path.size())) return std::nullopt;
    if (pattern_ends) return found;
    pattern.remove_prefix(wanted.size() + 1);
    path.remove_prefix(given.size() + 1);
  }
}

// A parameter that is misspelt would change nothing, and nobody would know.
bool knows_all_parameters(const httplib::Request& request, const std::vector<std::string>& known,
                          httplib::Response& response) {
  for (const auto& [name, value] : request.params) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    problem(response, 400, "bad_request", "there is no parameter '" + name + "' here",
            known.empty() ? "there is none at all" : fmt::format("known: {}", fmt::join(known, ", ")));
    return false;
  }
  return true;
}

}  // namespace

std::optional<std::uint64_t> whole_number(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

void no_answer(httplib::Response& response) {
  problem(response, 503, "unavailable", "the server is stopping, or too busy to answer");
}

struct Api::Route {
  const char* method;
  const char* path;
  void (Api::*handler)(const httplib::Request&, const Parameters&, httplib::Response&);
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

void Api::answer(const httplib::Request& request, httplib::Response& response) {
  std::string allowed;
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  for (const Route& route : table()) {
    const auto parameters = match(route.path, request.path);
    if (!parameters) continue;
    if (method == route.method) {
      if (knows_all_parameters(request, route.query, response))
        (this->*route.handler)(request, *parameters, response);
      return;
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (allowed.empty())
    return problem(response, 404, "not_found", "there is nothing here",
                   "GET /openapi.json lists what there is");
  response.set_header("Allow", allowed);
  problem(response, 405, "method_not_allowed", "this method does not fit here", "allowed: " + allowed);
}

std::shared_ptr<void> Api::place_for_list(httplib::Response& response) {
  if (!places_for_lists_.try_acquire_for(std::chrono::seconds(5))) {
    problem(response, 503, "too_many_lists", "eight others are still reading long lists", "ask again");
    return nullptr;
  }
  return {static_cast<void*>(&places_for_lists_), [this](void*) { places_for_lists_.release(); }};
}

std::optional<State> Api::state(httplib::Response& response) {
  std::optional<State> now =
      sources_.bridge.ask([this] { return read_state(sources_.dispatcher, sources_.log.functions()); });
  if (!now) no_answer(response);
  return now;
}

std::optional<std::size_t> Api::find_function(const std::string& name, httplib::Response& response) const {
  const auto& names = sources_.log.functions();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const std::string meant = config::did_you_mean(name, names);
  problem(response, 404, "unknown_function", "there is no function named '" + name + "'",
          meant.empty() ? "GET /api/v1/functions lists them" : "did you mean '" + meant + "'?");
  return std::nullopt;
}

}  // namespace coffees::admin
