// coffees logs: what handlers printed, of one request, one worker, one function or all; `-f` goes on as it
// comes.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/admin_client.h"
#include "config/timestamp.h"
#include "events/event_text.h"

namespace coffees::cli {
namespace {

// "2026-01-31T12:00:00.123456Z" to what the clock on the wall says.
std::string local_time(const std::string& rfc3339) {
  std::tm parts{};
  if (::strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr || rfc3339.size() < 23)
    return rfc3339;
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t microseconds = std::strtoll(rfc3339.substr(20, 6).c_str(), nullptr, 10);
  return events::time_of_day(::timegm(&parts) * second + microseconds * 1000);
}

void print_line(const Json& event, bool json) {
  if (json) {
    fmt::print("{}\n", event.dump(-1, ' ', false, Json::error_handler_t::replace));
    return;
  }
  const std::string who = event.value("worker", event.value("function", std::string("-")));
  fmt::print("{}  {:<14} {} {}\n", local_time(event.value("time", "")), who,
             event.value("source", "") == "runtime" ? '*' : '|', visible(event.value("line", std::string())));
}

std::string query_of(const LogsOptions& options) {
  std::string query = "?limit=" + std::to_string(options.lines);
  const auto add = [&query](const char* name, const std::string& value) {
    if (!value.empty()) query += fmt::format("&{}={}", name, percent_encode(value));
  };
  add("function", options.common.function);
  add("since", config::in_utc(options.since));
  add("request", options.request);
  add("worker", options.worker);
  return query;
}

bool is_wanted(const Json& event, const LogsOptions& options) {
  return event.value("type", "") == "log" &&
         event.value("request_id", std::string()).starts_with(options.request) &&
         (options.worker.empty() || event.value("worker", std::string()) == options.worker);
}

}  // namespace

int logs(const LogsOptions& options) {
  int exit_code = kOk;
  std::optional<AdminClient> server = AdminClient::find(options.common.server, exit_code);
  if (!server) return exit_code;
  const std::optional<Json> answer = server->get("/api/v1/logs" + query_of(options));
  if (!answer) return server->exit_code();
  for (const Json& event : (*answer)["logs"]) print_line(event, options.common.json);
  std::fflush(stdout);
  if (!options.follow) return kOk;

  std::string path =
      fmt::format("/api/v1/events?types=log&since={}", (*answer)["newest_seq"].get<std::uint64_t>());
  if (!options.common.function.empty()) path += "&function=" + percent_encode(options.common.function);
  const bool opened = server->follow(path, [&](std::string_view, std::string_view data) {
    const Json event = Json::parse(data, nullptr, false);
    if (event.value("type", "") == "dropped")
      fmt::print(stderr, "({} events came too fast to follow; `coffees logs` shows what is still held)\n",
                 event.value("count", 0));
    if (is_wanted(event, options)) {
      print_line(event, options.common.json);
      std::fflush(stdout);
    }
    return true;
  });
  if (!opened) return server->exit_code();
  fmt::print(stderr, "the server has stopped\n");
  return kOk;
}

}  // namespace coffees::cli
