// coffees warm, coffees cold: workers before they are needed, and none at all.
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "cli/admin_client.h"

namespace coffees::cli {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

std::string path_of(const std::string& function) { return "/api/v1/functions/" + percent_encode(function); }

}  // namespace

int warm(const WarmOptions& options) {
  std::optional<AdminClient> server = AdminClient::find(options.common.server);
  if (!server) return kNoServer;
  const std::string path = path_of(options.common.function);
  const std::optional<Json> answer = server->post(path + "/warm", {{"count", options.count}});
  if (!answer) return server->exit_code();
  // Told when they are ready, not when they were asked for.
  Json function;
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::optional<Json> now = server->get(path);
    if (!now) return server->exit_code();
    function = *now;
  } while (function["workers"]["starting"].get<int>() > 0 && std::chrono::steady_clock::now() < give_up);
  const int started = (*answer)["started"].get<int>();
  Json result = *answer;
  result["idle"] = function["workers"]["idle"];
  if (options.common.json)
    fmt::print("{}\n", result.dump());
  else
    fmt::print("{} started, {} idle now\n", started, result["idle"].get<int>());
  if (started == options.count) return kOk;
  fmt::print(stderr, "error[E111]: only {} of {} workers could be started\n  hint: {}\n", started,
             options.count,
             function["breaker"] == "open" ? "its workers keep dying: coffees logs " + options.common.function
                                           : "its `limit` is " + function["limit"].dump());
  return kRefused;
}

int cold(const WatchOptions& options) {
  std::optional<AdminClient> server = AdminClient::find(options.server);
  if (!server) return kNoServer;
  const std::optional<Json> answer = server->post(path_of(options.function) + "/cold", Json::object());
  if (!answer) return server->exit_code();
  if (options.json)
    fmt::print("{}\n", answer->dump());
  else
    fmt::print("{} retired; the next call starts cold\n", (*answer)["retired"].get<int>());
  return kOk;
}

}  // namespace coffees::cli
