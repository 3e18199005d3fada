// The admin API: what has happened, as far as the event log remembers.
#include "admin/api.h"
#include "admin/history.h"
#include "config/timestamp.h"
#include "config/units.h"

namespace coffees::admin {
namespace {

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
    const auto limit = whole_number(request.get_param_value("limit"), kMostListed);
    if (!limit) {
      problem(response, 400, "bad_request", "this limit makes no sense", "a whole number, at most 10000");
      return false;
    }
    filter.limit = *limit;
  }
  if (request.has_param("since")) {
    const std::string since = request.get_param_value("since");
    const auto ago = config::parse_duration(since);
    const auto timestamp = ago ? std::nullopt : config::parse_timestamp(since);
    if (!ago && !timestamp) {
      problem(
          response, 400, "bad_request", "this is no time to look back to",
          "since=30s, since=1h30m: so long ago; since=2026-01-31T12:00:00Z: a time, its + written as %2B");
      return false;
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    filter.since =
        timestamp ? *timestamp : (std::chrono::duration_cast<std::chrono::nanoseconds>(now) - *ago).count();
  }
  return true;
}

void unknown_invocation(httplib::Response& response) {
  problem(response, 404, "unknown_invocation", "this invocation is not known (any more)",
          "the log holds the newest 30,000 or so; the beginning of an id has to fit one of them only");
}

}  // namespace

void Api::list_invocations(const httplib::Request& request, const Parameters&, httplib::Response& response) {
  HistoryFilter filter;
  if (!read_filter(request, filter, response)) return;
  if (!filter.function.empty() && !find_function(filter.function, response)) return;
  const auto place = place_for_list(response);
  if (place) reply_list(response, "invocations", admin::invocations(sources_.log, filter), place);
}

void Api::one_invocation(const httplib::Request&, const Parameters& parameters, httplib::Response& response) {
  const auto place = place_for_list(response);
  if (!place) return;
  const auto events = events_of_request(sources_.log, parameters[0]);
  if (!events) return unknown_invocation(response);
  reply_list(response, "events", *events, place);
}

void Api::invocation_logs(const httplib::Request&, const Parameters& parameters,
                          httplib::Response& response) {
  const auto place = place_for_list(response);
  if (!place) return;
  if (!events_of_request(sources_.log, parameters[0])) return unknown_invocation(response);
  HistoryFilter filter;
  filter.request = parameters[0];
  filter.whole_id = is_whole_id(sources_.log, filter.request);
  filter.limit = kMostListed;
  std::uint64_t newest = 0;
  reply_list(response, "logs", admin::logs(sources_.log, filter, newest), place);
}

void Api::list_logs(const httplib::Request& request, const Parameters&, httplib::Response& response) {
  HistoryFilter filter;
  filter.limit = 1000;
  if (!read_filter(request, filter, response)) return;
  if (!filter.function.empty() && !find_function(filter.function, response)) return;
  const auto place = place_for_list(response);
  if (!place) return;
  if (!filter.request.empty()) filter.whole_id = is_whole_id(sources_.log, filter.request);
  std::uint64_t newest = 0;
  const std::vector<std::string> lines = admin::logs(sources_.log, filter, newest);
  reply_list(response, "logs", lines, place, ",\"newest_seq\":" + std::to_string(newest));
}

void Api::stats(const httplib::Request& request, const Parameters&, httplib::Response& response) {
  HistoryFilter filter;
  if (!read_filter(request, filter, response)) return;
  if (!filter.function.empty() && !find_function(filter.function, response)) return;
  const auto place = place_for_list(response);
  if (place) reply(response, {{"stats", statistics(sources_.log, filter)}});
}

}  // namespace coffees::admin
