#include "admin/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "admin/documents.h"
#include "admin/history.h"
#include "admin/metrics_text.h"
#include "admin/openapi.h"
#include "config/units.h"

namespace coffees::admin {
namespace {

constexpr std::size_t kMostListed = 10'000;
constexpr const char* kPagePolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

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

std::optional<std::uint64_t> number(const std::string& text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

bool is_outcome(const std::string& name) {
  for (std::size_t kind = 0; kind < kOutcomeKinds; ++kind)
    if (name == outcome_of(static_cast<Outcome::Kind>(kind))) return true;
  return false;
}

// Reads the filters that lists share; answers 400 and returns false for a value that makes no sense.
bool read_filter(const httplib::Request& request, HistoryFilter& filter, httplib::Response& response) {
  filter.function = request.get_param_value("function");
  filter.worker = request.get_param_value("worker");
  filter.request = request.get_param_value("request");
  filter.outcome = request.get_param_value("outcome");
  filter.start = request.get_param_value("start");
  if (!filter.outcome.empty() && !is_outcome(filter.outcome)) {
    problem(response, 400, "bad_request", "there is no outcome '" + filter.outcome + "'",
            "ok, error, timeout, crashed, throttled, unavailable, unknown_function or client_gone");
    return false;
  }
  if (!filter.start.empty() && filter.start != "cold" && filter.start != "warm") {
    problem(response, 400, "bad_request", "there is no start '" + filter.start + "'", "cold or warm");
    return false;
  }
  if (request.has_param("limit")) {
    const auto limit = number(request.get_param_value("limit"), kMostListed);
    if (!limit) {
      problem(response, 400, "bad_request", "this limit makes no sense", "a whole number, at most 10000");
      return false;
    }
    filter.limit = *limit;
  }
  if (request.has_param("since")) {
    const auto ago = config::parse_duration(request.get_param_value("since"));
    if (!ago) {
      problem(response, 400, "bad_request", "this is no time to look back",
              "since=30s, since=10m: so long ago");
      return false;
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    filter.since = (std::chrono::duration_cast<std::chrono::nanoseconds>(now) - *ago).count();
  }
  return true;
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

// What an object of this one member holds; null for everything else.
Json only_member(const Json& body, const char* name) {
  return body.is_object() && body.size() == 1 ? body.value(name, Json()) : Json();
}

void unknown_invocation(httplib::Response& response) {
  problem(response, 404, "unknown_invocation", "this invocation is not known (any more)",
          "the log holds the newest 30,000 or so; the beginning of an id has to fit one of them only");
}

}  // namespace

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

std::optional<State> Api::state(httplib::Response& response) {
  std::optional<State> now =
      sources_.bridge.ask([this] { return read_state(sources_.dispatcher, sources_.log.functions()); });
  if (!now) problem(response, 503, "unavailable", "the server is stopping, or too busy to answer");
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

void Api::start_page(const httplib::Request&, const Parameters&, httplib::Response& response) {
  const auto now = state(response);
  if (!now) return;
  response.set_header("Content-Security-Policy", kPagePolicy);
  response.set_content(start_page_html(sources_.configuration, *now, sources_.version, sources_.invoke_url),
                       "text/html; charset=utf-8");
}

void Api::healthz(const httplib::Request&, const Parameters&, httplib::Response& response) {
  reply(response, {{"status", "ok"}, {"server", "coffees"}, {"port", "admin"}});
}

void Api::openapi(const httplib::Request&, const Parameters&, httplib::Response& response) {
  response.set_content(kOpenApi, "application/json");
}

void Api::metrics(const httplib::Request&, const Parameters&, httplib::Response& response) {
  const auto source = sources_.bridge.ask([this] {
    return MetricsSource{.state = read_state(sources_.dispatcher, sources_.log.functions()),
                         .metrics = sources_.log.metrics(),
                         .event_streams = streams_.count()};
  });
  if (!source) return problem(response, 503, "unavailable", "the server is stopping, or too busy to answer");
  response.set_content(metrics_text(*source, sources_.log.functions(), sources_.version.c_str()),
                       "text/plain; version=0.0.4; charset=utf-8");
}

void Api::list_functions(const httplib::Request&, const Parameters&, httplib::Response& response) {
  const auto now = state(response);
  if (!now) return;
  Json all = Json::array();
  for (std::size_t i = 0; i < now->functions.size(); ++i)
    all.push_back(function_document(sources_.configuration.functions[i], now->functions[i]));
  reply(response, {{"functions", all}});
}

void Api::one_function(const httplib::Request&, const Parameters& parameters, httplib::Response& response) {
  const auto index = find_function(parameters[0], response);
  if (!index) return;
  const auto now = state(response);
  if (now)
    reply(response, function_document(sources_.configuration.functions[*index], now->functions[*index]));
}

void Api::warm(const httplib::Request& request, const Parameters& parameters, httplib::Response& response) {
  const auto index = find_function(parameters[0], response);
  if (!index) return;
  std::uint64_t count = 1;
  if (!request.body.empty()) {
    const Json body = Json::parse(request.body, nullptr, false);
    const Json wanted = body.is_object() && body.empty() ? Json(1U) : only_member(body, "count");
    if (!wanted.is_number_unsigned() || wanted.get<std::uint64_t>() > kMostListed)
      return problem(response, 400, "bad_request", "the body makes no sense",
                     "{\"count\": N}, N at most 10000; none means 1");
    count = wanted.get<std::uint64_t>();
  }
  const auto started = sources_.bridge.ask([this, name = parameters[0], count] {
    return sources_.dispatcher.catalog().find(name)->second->warm(count);
  });
  if (!started) return problem(response, 503, "unavailable", "the server is stopping, or too busy to answer");
  reply(response, {{"function", parameters[0]}, {"asked", count}, {"started", *started}}, 202);
}

void Api::cold(const httplib::Request&, const Parameters& parameters, httplib::Response& response) {
  const auto index = find_function(parameters[0], response);
  if (!index) return;
  const auto retired = sources_.bridge.ask(
      [this, name = parameters[0]] { return sources_.dispatcher.catalog().find(name)->second->cold(); });
  if (!retired) return problem(response, 503, "unavailable", "the server is stopping, or too busy to answer");
  reply(response, {{"function", parameters[0]}, {"retired", *retired}});
}

void Api::list_workers(const httplib::Request& request, const Parameters&, httplib::Response& response) {
  const std::string wanted = request.get_param_value("function");
  if (!wanted.empty() && !find_function(wanted, response)) return;
  const auto now = state(response);
  if (!now) return;
  Json all = Json::array();
  for (std::size_t i = 0; i < now->functions.size(); ++i) {
    const std::string& name = sources_.log.functions()[i];
    if (!wanted.empty() && wanted != name) continue;
    for (const WorkerStatus& worker : now->functions[i].workers)
      all.push_back(worker_document(name, worker, now->now));
  }
  reply(response, {{"workers", all}});
}

void Api::stop_worker(const httplib::Request&, const Parameters& parameters, httplib::Response& response) {
  const std::string& id = parameters[0];
  const std::size_t hash = id.rfind('#');
  const auto worker = hash == std::string::npos ? std::nullopt : number(id.substr(hash + 1), UINT32_MAX);
  std::optional<bool> stopped = false;
  const auto& names = sources_.log.functions();
  const std::string function = id.substr(0, hash);
  if (worker && std::find(names.begin(), names.end(), function) != names.end())
    stopped = sources_.bridge.ask([this, function, worker] {
      return sources_.dispatcher.catalog().find(function)->second->stop_worker(
          static_cast<WorkerNumber>(*worker));
    });
  if (!stopped) return problem(response, 503, "unavailable", "the server is stopping, or too busy to answer");
  if (!*stopped)
    return problem(response, 404, "unknown_worker", "there is no worker '" + id + "' that runs",
                   "GET /api/v1/workers lists them; in a URL the # is written %23");
  reply(response, {{"worker", id}, {"stopped", true}});
}

void Api::list_invocations(const httplib::Request& request, const Parameters&, httplib::Response& response) {
  HistoryFilter filter;
  if (!read_filter(request, filter, response)) return;
  if (!filter.function.empty() && !find_function(filter.function, response)) return;
  reply_list(response, "invocations", admin::invocations(sources_.log, filter));
}

void Api::one_invocation(const httplib::Request&, const Parameters& parameters, httplib::Response& response) {
  const auto events = events_of_request(sources_.log, parameters[0]);
  if (!events) return unknown_invocation(response);
  reply_list(response, "events", *events);
}

void Api::invocation_logs(const httplib::Request&, const Parameters& parameters,
                          httplib::Response& response) {
  if (!events_of_request(sources_.log, parameters[0])) return unknown_invocation(response);
  HistoryFilter filter;
  filter.request = parameters[0];
  filter.limit = kMostListed;
  std::uint64_t newest = 0;
  reply_list(response, "logs", admin::logs(sources_.log, filter, newest));
}

void Api::list_logs(const httplib::Request& request, const Parameters&, httplib::Response& response) {
  HistoryFilter filter;
  filter.limit = 1000;
  if (!read_filter(request, filter, response)) return;
  if (!filter.function.empty() && !find_function(filter.function, response)) return;
  std::uint64_t newest = 0;
  const std::vector<std::string> lines = admin::logs(sources_.log, filter, newest);
  reply_list(response, "logs", lines, ",\"newest_seq\":" + std::to_string(newest));
}

void Api::stats(const httplib::Request& request, const Parameters&, httplib::Response& response) {
  HistoryFilter filter;
  if (!read_filter(request, filter, response)) return;
  if (!filter.function.empty() && !find_function(filter.function, response)) return;
  reply(response, {{"stats", statistics(sources_.log, filter)}});
}

void Api::isolation(const httplib::Request&, const Parameters&, httplib::Response& response) {
  reply(response, sources_.isolation);
}

void Api::effective_config(const httplib::Request&, const Parameters&, httplib::Response& response) {
  reply(response, sources_.effective);
}

void Api::version(const httplib::Request&, const Parameters&, httplib::Response& response) {
  reply(response, {{"version", sources_.version}, {"config", sources_.digest}, {"url", sources_.invoke_url}});
}

void Api::events(const httplib::Request& request, const Parameters&, httplib::Response& response) {
  const std::string function = request.get_param_value("function");
  if (!function.empty() && !find_function(function, response)) return;
  if (const std::string type = EventStreams::unknown_type(request.get_param_value("types")); !type.empty())
    return problem(
        response, 400, "bad_request", "there is no event of type '" + type + "'",
        "one like invocation.finished, or invocation, worker, function, log, stats for all of a kind");
  if (!EventStreams::knows_place(request))
    return problem(response, 400, "bad_request", "this is no place in the event log",
                   "Last-Event-ID, or ?since=N: the number of an event; 0 begins with the oldest one");
  if (!streams_.open(request, response))
    problem(response, 503, "too_many_streams", "128 clients follow the events already", "close one of them");
}

}  // namespace coffees::admin
