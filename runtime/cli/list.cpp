// coffees list: the functions of a running server.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/table.h"
#include "events/event_text.h"

namespace coffees::cli {

int list(const WatchOptions& options) {
  int exit_code = kOk;
  std::optional<AdminClient> server = AdminClient::find(options.server, exit_code);
  if (!server) return exit_code;
  return repeat(options.watch, [&] {
    const std::optional<Json> answer = server->get("/api/v1/functions");
    if (!answer) return server->exit_code();
    if (options.json) {
      fmt::print("{}\n", answer->dump());
      return static_cast<int>(kOk);
    }
    Table table({"FUNCTION", "STATE", "STARTING", "IDLE", "BUSY", "QUEUE", "LIMIT", "BREAKER", "TIMEOUT",
                 "KEEP-WARM", "START", "INIT", "ISOLATION"});
    for (const Json& function : (*answer)["functions"]) {
      const Json& workers = function["workers"];
      const std::uint64_t serving =
          workers["busy"].get<std::uint64_t>() + workers.value("draining", std::uint64_t{0});
      const bool crash_loop = function["breaker"] != "closed";
      table.add({function["name"], crash_loop ? Json("crash loop") : function["state"],
                 workers["starting"].dump(), workers["idle"].dump(), std::to_string(serving),
                 function["queue"].dump(), function["limit"].dump(), function["breaker"], function["timeout"],
                 function["keep_warm"], function["start"],
                 fmt::format("{:.1f}ms", function["init_ms"].get<double>()),
                 function.value("isolation", "-")});
    }
    table.print();
    for (const Json& function : (*answer)["functions"])
      if (function.contains("failure"))
        fmt::print("{}: {}\n", function["name"].get<std::string>(),
                   visible(function["failure"].get<std::string>()));
    return static_cast<int>(kOk);
  });
}

}  // namespace coffees::cli
