// The admin API: functions and workers, and what can be done with them.
#include <algorithm>

#include "admin/api.h"
#include "admin/documents.h"

namespace coffees::admin {
namespace {

// What an object of this one member holds; null for everything else.
Json only_member(const Json& body, const char* name) {
  return body.is_object() && body.size() == 1 ? body.value(name, Json()) : Json();
}

}  // namespace

Task<Reply> Api::list_functions(const Asked&, const Segments&) {
  const std::optional<State> now = co_await state();
  if (!now) co_return no_answer();
  Json all = Json::array();
  for (std::size_t i = 0; i < now->functions.size(); ++i)
    all.push_back(function_document(sources_.configuration.functions[i], now->functions[i], level()));
  co_return document({{"functions", all}});
}

Task<Reply> Api::one_function(const Asked&, const Segments& segments) {
  const std::optional<std::size_t> index = find_function(segments[0]);
  if (!index) co_return unknown_function(segments[0]);
  const std::optional<State> now = co_await state();
  if (!now) co_return no_answer();
  co_return document(
      function_document(sources_.configuration.functions[*index], now->functions[*index], level()));
}

Task<Reply> Api::warm(const Asked& asked, const Segments& segments) {
  const std::string& name = segments[0];
  if (!find_function(name)) co_return unknown_function(name);
  std::uint64_t count = 1;
  if (!asked.body.empty()) {
    const Json body = Json::parse(asked.body, nullptr, false);
    const Json wanted = body.is_object() && body.empty() ? Json(1U) : only_member(body, "count");
    if (!wanted.is_number_unsigned() || wanted.get<std::uint64_t>() > kMostListed)
      co_return problem(RefusalCode::bad_request, "the body cannot be used",
                        "{\"count\": N}, N at most 10000; without a body or count, 1");
    count = wanted.get<std::uint64_t>();
  }
  const auto start = [this, name, count] {
    return sources_.dispatcher.catalog().find(name)->second->warm(count);
  };
  const auto started = co_await bridge_.ask(start);
  if (!started) co_return no_answer();
  co_return document({{"function", name}, {"asked", count}, {"started", *started}}, 202);
}

Task<Reply> Api::cold(const Asked&, const Segments& segments) {
  const std::string& name = segments[0];
  if (!find_function(name)) co_return unknown_function(name);
  const auto retire = [this, name] { return sources_.dispatcher.catalog().find(name)->second->cold(); };
  const auto retired = co_await bridge_.ask(retire);
  if (!retired) co_return no_answer();
  co_return document({{"function", name}, {"retired", *retired}});
}

// On the scan thread: the peak memory of each worker is read from /proc.
Task<Reply> Api::list_workers(const Asked& asked, const Segments&) {
  const std::string wanted(http::value_of(asked.query, "function"));
  if (!wanted.empty() && !find_function(wanted)) co_return unknown_function(wanted);
  std::optional<State> now = co_await state();
  if (!now) co_return no_answer();
  auto make = [this, wanted, state = std::move(*now)] {
    Json all = Json::array();
    for (std::size_t i = 0; i < state.functions.size(); ++i) {
      const std::string& name = sources_.log.functions()[i];
      if (!wanted.empty() && wanted != name) continue;
      for (const WorkerStatus& worker : state.functions[i].workers)
        all.push_back(worker_document(name, worker, state.now));
    }
    return document({{"workers", all}});
  };
  co_return co_await scan(std::move(make));
}

Task<Reply> Api::stop_worker(const Asked&, const Segments& segments) {
  const std::string& id = segments[0];
  const std::size_t hash = id.rfind('#');
  const auto worker =
      hash == std::string::npos ? std::nullopt : whole_number(id.substr(hash + 1), UINT32_MAX);
  std::optional<bool> stopped = false;
  const std::string function = id.substr(0, hash);
  if (worker && find_function(function)) {
    const auto stop = [this, function, number = static_cast<WorkerNumber>(*worker)] {
      return sources_.dispatcher.catalog().find(function)->second->stop_worker(number);
    };
    stopped = co_await bridge_.ask(stop);
  }
  if (!stopped) co_return no_answer();
  if (!*stopped)
    co_return problem(RefusalCode::unknown_worker, "there is no worker '" + id + "' that runs",
                      "GET /api/v1/workers lists them; in a URL the # is written %23");
  co_return document({{"worker", id}, {"stopped", true}});
}

}  // namespace coffees::admin
