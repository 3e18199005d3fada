// The admin API: what has happened, as far as the event log remembers.
#include "admin/api.h"
#include "admin/history.h"
#include "base/units.h"
#include "config/timestamp.h"

namespace coffees::admin {
namespace {

bool is_outcome(const std::string& name) {
  for (std::size_t kind = 0; kind < kOutcomeKinds; ++kind)
    if (name == outcome_of(static_cast<Outcome::Kind>(kind))) return true;
  return false;
}

Reply bad_filter(const std::string& what, const char* hint) {
  return problem(RefusalCode::bad_request, what, hint);
}

// Reads `since`: "30s" ago, or a time of day.
bool read_since(const std::string& since, HistoryFilter& filter) {
  const auto ago = parse_duration(since);
  const auto timestamp = ago ? std::nullopt : config::parse_timestamp(since);
  if (!ago && !timestamp) return false;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  filter.since =
      timestamp ? *timestamp : (std::chrono::duration_cast<std::chrono::nanoseconds>(now) - *ago).count();
  return true;
}

// Reads the filters that lists share. Returns a refusal for a value that makes no sense.
std::optional<Reply> read_filter(const http::Parameters& query, HistoryFilter& filter) {
  const auto value = [&query](const char* name) { return std::string(http::value_of(query, name)); };
  filter.function = value("function");
  filter.worker = value("worker");
  filter.request = value("request");
  filter.outcome = value("outcome");
  filter.start = value("start");
  if (!filter.outcome.empty() && !is_outcome(filter.outcome))
    return bad_filter("there is no outcome '" + filter.outcome + "'",
                      "ok, error, timeout, crashed, throttled, unavailable, unknown_function or client_gone");
  if (!filter.start.empty() && filter.start != "cold" && filter.start != "warm")
    return bad_filter("there is no start '" + filter.start + "'", "cold or warm");
  for (const auto& [name, text] : query) {
    if (name == "limit") {
      const auto limit = whole_number(text, kMostListed);
      if (!limit) return bad_filter("the limit is not valid", "a whole number, at most 10000");
      filter.limit = *limit;
    }
    if (name == "since" && !read_since(text, filter))
      return bad_filter(
          "this is not a valid time",
          "since=30s, since=1h30m: that long ago; since=2026-01-31T12:00:00Z: a time; write its + as %2B");
  }
  return std::nullopt;
}

Reply unknown_invocation() {
  return problem(
      RefusalCode::unknown_invocation, "there is no such invocation, or its events are no longer kept",
      "the newest events are kept, 8 MiB or more in all, shared among the functions; a prefix of an id must "
      "match exactly one invocation");
}

}  // namespace

Task<Reply> Api::list_invocations(const Asked& asked, const Segments&) {
  HistoryFilter filter;
  if (std::optional<Reply> refusal = read_filter(asked.query, filter)) co_return std::move(*refusal);
  if (!filter.function.empty() && !find_function(filter.function))
    co_return unknown_function(filter.function);
  const auto make = [this, filter] { return list("invocations", admin::invocations(sources_.log, filter)); };
  co_return co_await scan(make);
}

Task<Reply> Api::one_invocation(const Asked&, const Segments& segments) {
  const auto make = [this, id = segments[0]] {
    const auto events = events_of_request(sources_.log, id);
    return events ? list("events", *events) : unknown_invocation();
  };
  co_return co_await scan(make);
}

Task<Reply> Api::invocation_logs(const Asked&, const Segments& segments) {
  const auto make = [this, id = segments[0]] {
    if (!events_of_request(sources_.log, id)) return unknown_invocation();
    HistoryFilter filter;
    filter.request = id;
    filter.whole_id = is_whole_id(sources_.log, id);
    filter.limit = kMostListed;
    std::uint64_t newest = 0;
    return list("logs", admin::logs(sources_.log, filter, newest));
  };
  co_return co_await scan(make);
}

Task<Reply> Api::list_logs(const Asked& asked, const Segments&) {
  HistoryFilter filter;
  filter.limit = 1000;
  if (std::optional<Reply> refusal = read_filter(asked.query, filter)) co_return std::move(*refusal);
  if (!filter.function.empty() && !find_function(filter.function))
    co_return unknown_function(filter.function);
  const auto make = [this, wanted = filter]() mutable {
    if (!wanted.request.empty()) wanted.whole_id = is_whole_id(sources_.log, wanted.request);
    std::uint64_t newest = 0;
    const std::vector<std::string> lines = admin::logs(sources_.log, wanted, newest);
    return list("logs", lines, ",\"newest_seq\":" + std::to_string(newest));
  };
  co_return co_await scan(make);
}

Task<Reply> Api::stats(const Asked& asked, const Segments&) {
  HistoryFilter filter;
  if (std::optional<Reply> refusal = read_filter(asked.query, filter)) co_return std::move(*refusal);
  if (!filter.function.empty() && !find_function(filter.function))
    co_return unknown_function(filter.function);
  const auto make = [this, filter] { return document({{"stats", statistics(sources_.log, filter)}}); };
  co_return co_await scan(make);
}

}  // namespace coffees::admin
