#include "admin/history.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/numbers.h"
#include "events/event_json.h"

namespace coffees::admin {
namespace {

using events::Event;
using events::Type;

// Compared without making a string of every worker's name.
class Matcher {
 public:
  Matcher(const events::EventLog& log, const HistoryFilter& filter) : filter_(filter) {
    const auto& names = log.functions();
    for (std::size_t i = 0; i < names.size(); ++i)
      wanted_.push_back((filter.function.empty() || names[i] == filter.function) &&
                        (filter.worker.empty() || filter.worker.starts_with(names[i] + "#")));
    const std::size_t hash = filter.worker.rfind('#');
    const auto number = hash == std::string::npos
                            ? std::nullopt
                            : parse_whole<std::uint64_t>(std::string_view(filter.worker).substr(hash + 1));
    number_ = number.value_or(0);
    if (!filter.worker.empty() && !number) wanted_.assign(names.size(), false);  // no worker has that name
  }

  // Whether an event of that function can match; kNoFunction and what is beyond stand for no function.
  [[nodiscard]] bool may_match(events::FunctionIndex function) const {
    const bool any_function = filter_.function.empty() && filter_.worker.empty();
    return function < wanted_.size() ? wanted_[function] : any_function;
  }
  [[nodiscard]] bool matches(const Event& event) const {
    const events::Header& header = event.header;
    return may_match(header.function) && header.time >= filter_.since &&
           (filter_.worker.empty() || header.worker == number_) &&
           (filter_.request.empty() || (filter_.whole_id ? event.request_id() == filter_.request
                                                         : event.request_id().starts_with(filter_.request)));
  }

 private:
  const HistoryFilter& filter_;
  std::vector<bool> wanted_;
  std::uint64_t number_ = 0;
};

enum class Kinds { log_lines, others, all };

// Calls `each` for what is held of all functions that `matcher` admits, in no order to rely on, without what
// happens meanwhile. Returns the number of the newest event that there was.
template <typename Each>
std::uint64_t for_each_event(const events::EventLog& log, const Matcher& matcher, Kinds kinds, Each&& each) {
  const std::uint64_t end = log.newest();
  const auto read = [&](events::FunctionIndex function, bool log_lines) {
    if (kinds != Kinds::all && log_lines != (kinds == Kinds::log_lines)) return;
    log.store().for_each(log.lane_of(function, log_lines), [&](std::string_view bytes) {
      const Event event = events::parse(bytes);
      if (event.header.sequence <= end && matcher.matches(event)) each(event);
    });
  };
  for (std::size_t i = 0; i <= log.functions().size(); ++i) {
    const auto function = static_cast<events::FunctionIndex>(i);
    if (!matcher.may_match(function)) continue;
    read(function, false);
    read(function, true);
  }
  return end;
}

// The newest `limit` of them, whatever the order in which they come.
class Newest {
 public:
  Newest(const events::EventLog& log, std::size_t limit) : json_(log.functions()), limit_(limit) {}
  void add(const Event& event) {
    const std::uint64_t sequence = event.header.sequence;
    if (limit_ == 0 || (kept_.size() == limit_ && sequence < kept_.begin()->first)) return;
    json_.append(kept_[sequence], event);
    if (kept_.size() > limit_) kept_.erase(kept_.begin());
  }
  std::vector<std::string> take() {
    std::vector<std::string> all;
    all.reserve(kept_.size());
    for (auto& [sequence, text] : kept_) all.push_back(std::move(text));
    return all;
  }

 private:
  events::EventJson json_;
  std::size_t limit_;
  std::map<std::uint64_t, std::string> kept_;  // by sequence
};

bool is_wanted_outcome(const Event& event, const HistoryFilter& filter) {
  const auto kind = static_cast<Outcome::Kind>(event.header.detail);
  const char* start = event.header.worker == 0 ? "" : (event.header.cold != 0 ? "cold" : "warm");
  return (filter.outcome.empty() || filter.outcome == outcome_of(kind)) &&
         (filter.start.empty() || filter.start == start);
}

using Durations = std::vector<std::int64_t>;

nlohmann::ordered_json percentiles(Durations& all) {
  nlohmann::ordered_json result;
  result["count"] = all.size();
  if (all.empty()) return result;
  std::sort(all.begin(), all.end());
  const auto at = [&all](double share) {
    const auto last = static_cast<double>(all.size() - 1);
    return static_cast<double>(all[static_cast<std::size_t>(std::lround(last * share))]) * 1e-6;
  };
  result["p50_ms"] = at(0.50);
  result["p90_ms"] = at(0.90);
  result["p99_ms"] = at(0.99);
  result["max_ms"] = at(1.0);
  return result;
}

struct Sums {
  std::map<std::string, std::uint64_t> outcomes;
  Durations cold, warm, queue, boot;
  std::int64_t first = 0;
};

}  // namespace

std::vector<std::string> invocations(const events::EventLog& log, const HistoryFilter& filter) {
  const Matcher matcher(log, filter);
  Newest newest(log, filter.limit);
  for_each_event(log, matcher, Kinds::others, [&](const Event& event) {
    if (event.header.type == Type::invocation_finished && is_wanted_outcome(event, filter)) newest.add(event);
  });
  return newest.take();
}

std::vector<std::string> logs(const events::EventLog& log, const HistoryFilter& filter,
                              std::uint64_t& newest) {
  const Matcher matcher(log, filter);
  Newest lines(log, filter.limit);
  newest = for_each_event(log, matcher, Kinds::log_lines, [&](const Event& event) { lines.add(event); });
  return lines.take();
}

bool is_whole_id(const events::EventLog& log, const std::string& request) {
  HistoryFilter filter;
  filter.request = request;
  filter.whole_id = true;
  bool found = false;
  for_each_event(log, Matcher(log, filter), Kinds::all, [&](const Event&) { found = true; });
  return found && !request.empty();
}

std::optional<std::vector<std::string>> events_of_request(const events::EventLog& log,
                                                          const std::string& request) {
  HistoryFilter filter;
  filter.request = request;
  filter.whole_id = is_whole_id(log, request);
  const Matcher matcher(log, filter);
  Newest found(log, 10'000);
  std::string id;
  bool one = true;
  for_each_event(log, matcher, Kinds::all, [&](const Event& event) {
    one = one && (id.empty() || id == event.request_id());
    id = event.request_id();
    found.add(event);
  });
  if (request.empty() || id.empty() || !one) return std::nullopt;
  return found.take();
}

nlohmann::ordered_json statistics(const events::EventLog& log, const HistoryFilter& filter) {
  const Matcher matcher(log, filter);
  std::map<events::FunctionIndex, Sums> all;
  for_each_event(log, matcher, Kinds::others, [&](const Event& event) {
    if (event.header.type != Type::invocation_finished || event.header.function >= log.functions().size())
      return;
    Sums& sums = all[event.header.function];
    if (sums.first == 0 || event.header.time < sums.first) sums.first = event.header.time;
    ++sums.outcomes[outcome_of(static_cast<Outcome::Kind>(event.header.detail))];
    if (event.header.worker == 0) return;
    const auto body = event.as<events::Finished>();
    (event.header.cold != 0 ? sums.cold : sums.warm)
        .push_back(body.queue + body.boot + body.init + body.exec);
    sums.queue.push_back(body.queue);
    if (event.header.cold != 0) sums.boot.push_back(body.boot);
  });
  events::EventJson json(log.functions());
  nlohmann::ordered_json result = nlohmann::ordered_json::array();
  for (auto& [function, sums] : all) {
    nlohmann::ordered_json entry;
    entry["function"] = log.functions()[function];
    entry["since"] = json.time(sums.first);
    entry["outcomes"] = sums.outcomes;
    entry["cold"] = percentiles(sums.cold);
    entry["warm"] = percentiles(sums.warm);
    entry["queue"] = percentiles(sums.queue);
    entry["boot"] = percentiles(sums.boot);
    result.push_back(std::move(entry));
  }
  return result;
}

}  // namespace coffees::admin
