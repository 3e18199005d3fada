// coffees warm, coffees cold: workers before they are needed, and none at all.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "cli/admin_client.h"
#include "events/event_text.h"

namespace coffees::cli {
namespace {

constexpr auto kGiveUpAfter = std::chrono::seconds(30);

std::string path_of(const std::string& function) { return "/api/v1/functions/" + percent_encode(function); }

}  // namespace

int warm(const WarmOptions& options) {
  int exit_code = kOk;
  std::optional<AdminClient> server = AdminClient::find(options.common.server, exit_code);
  if (!server) return exit_code;
  const std::string path = path_of(options.common.function);
  const std::optional<Json> answer = server->post(path + "/warm", {{"count", options.count}});
  if (!answer) return server->exit_code();
  // Told when they are ready, not when they were asked for.
  Json function;
  const auto give_up = std::chrono::steady_clock::now() + kGiveUpAfter;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::optional<Json> now = server->get(path);
    if (!now) return server->exit_code();
    function = *now;
  } while (function["workers"]["starting"].get<int>() > 0 && std::chrono::steady_clock::now() < give_up);
  // Compares what was asked for with what was started: a function whose init fails starts no worker.
  const Json& workers = function["workers"];
  const int started =
      std::min((*answer)["started"].get<int>(), workers["idle"].get<int>() + workers["busy"].get<int>());
  Json result = *answer;
  result["started"] = started;
  result["idle"] = workers["idle"];
  if (options.common.json)
    fmt::print("{}\n", result.dump());
  else
    fmt::print("{} started, {} idle now\n", started, result["idle"].get<int>());
  if (started == options.count) return kOk;
  fmt::print(stderr, "error[E111]: only {} of {} workers could be started\n", started, options.count);
  if (function.contains("failure")) {
    fmt::print(stderr, "  hint: {}\n", visible(function["failure"].get<std::string>()));
    return kCrashed;
  }
  fmt::print(stderr, "  hint: {}\n",
             function["breaker"] != "closed"
                 ? "its workers keep dying: coffees logs " + options.common.function
                 : "its `limit` is " + function["limit"].dump());
  return kRefused;
}

int cold(const WatchOptions& options) {
  int exit_code = kOk;
  std::optional<AdminClient> server = AdminClient::find(options.server, exit_code);
  if (!server) return exit_code;
  const std::optional<Json> answer = server->post(path_of(options.function) + "/cold", Json::object());
  if (!answer) return server->exit_code();
  if (options.json)
    fmt::print("{}\n", answer->dump());
  else
    fmt::print("{} retired; the next call starts cold\n", (*answer)["retired"].get<int>());
  return kOk;
}

}  // namespace coffees::cli
