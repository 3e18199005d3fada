// Questions to the past: what the event log still holds, read on the asker's own thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "events/event_log.h"

namespace coffees::admin {

/// Which events are wanted. Empty: any.
struct HistoryFilter {
  std::string function;
  std::string worker;       ///< "espresso#3"
  std::string request;      ///< a request id, or the beginning of one
  bool whole_id = false;    ///< no beginning of one
  std::string outcome;      ///< ok, error, ... (outcome_of)
  std::string start;        ///< cold, warm
  std::int64_t since = 0;   ///< nanoseconds since 1970; older ones are left out
  std::size_t limit = 100;  ///< how many of the newest
};

/// Finished invocations as their events' JSON objects, oldest first.
std::vector<std::string> invocations(const events::EventLog& log, const HistoryFilter& filter);

/// Log events as JSON objects, oldest first. `newest` is set to the number of the newest event there was, so
/// that a stream can go on from there.
std::vector<std::string> logs(const events::EventLog& log, const HistoryFilter& filter,
                              std::uint64_t& newest);

/// Whether that is the whole id of a request that is held; a client's own may be the beginning of others.
bool is_whole_id(const events::EventLog& log, const std::string& request);

/// Everything known of the one request whose id is or begins so; nothing when it is not held (any more), or
/// when several begin so.
std::optional<std::vector<std::string>> events_of_request(const events::EventLog& log,
                                                          const std::string& request);

/// Counts and exact percentiles of what is held, per function that the filter admits.
nlohmann::ordered_json statistics(const events::EventLog& log, const HistoryFilter& filter);

}  // namespace coffees::admin
