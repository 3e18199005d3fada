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

void Api::list_functions(const httplib::Request&, const Parameters&, httplib::Response& response) {
  const auto now = state(response);
  if (!now) return;
  Json all = Json::array();
  for (std::size_t i = 0; i < now->functions.size(); ++i)
    all.push_back(function_document(sources_.configuration.functions[i], now->functions[i], level()));
  reply(response, {{"functions", all}});
}

void Api::one_function(const httplib::Request&, const Parameters& parameters, httplib::Response& response) {
  const auto index = find_function(parameters[0], response);
  if (!index) return;
  const auto now = state(response);
  if (now)
    reply(response,
          function_document(sources_.configuration.functions[*index], now->functions[*index], level()));
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
  if (!started) return no_answer(response);
  reply(response, {{"function", parameters[0]}, {"asked", count}, {"started", *started}}, 202);
}

void Api::cold(const httplib::Request&, const Parameters& parameters, httplib::Response& response) {
  const auto index = find_function(parameters[0], response);
  if (!index) return;
  const auto retired = sources_.bridge.ask(
      [this, name = parameters[0]] { return sources_.dispatcher.catalog().find(name)->second->cold(); });
  if (!retired) return no_answer(response);
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
  const auto worker =
      hash == std::string::npos ? std::nullopt : whole_number(id.substr(hash + 1), UINT32_MAX);
  std::optional<bool> stopped = false;
  const auto& names = sources_.log.functions();
  const std::string function = id.substr(0, hash);
  if (worker && std::find(names.begin(), names.end(), function) != names.end())
    stopped = sources_.bridge.ask([this, function, worker] {
      return sources_.dispatcher.catalog().find(function)->second->stop_worker(
          static_cast<WorkerNumber>(*worker));
    });
  if (!stopped) return no_answer(response);
  if (!*stopped)
    return problem(response, 404, "unknown_worker", "there is no worker '" + id + "' that runs",
                   "GET /api/v1/workers lists them; in a URL the # is written %23");
  reply(response, {{"worker", id}, {"stopped", true}});
}

}  // namespace coffees::admin
