// coffees ps: the workers of a running server.
#include <fmt/format.h>

#include "base/units.h"
#include "cli/admin_client.h"
#include "cli/table.h"

namespace coffees::cli {
namespace {

std::string duration_cell(const Json& worker, const char* key) {
  return worker.contains(key) ? rough_duration(worker[key].get<double>()) : "-";
}

std::string memory_cell(const Json& worker) {
  if (!worker.contains("peak_rss_bytes")) return "-";
  return fmt::format("{:.1f}MiB", worker["peak_rss_bytes"].get<double>() / (1 << 20));
}

}  // namespace

int ps(const WatchOptions& options) {
  int exit_code = kOk;
  std::optional<AdminClient> server = AdminClient::find(options.server, exit_code);
  if (!server) return exit_code;
  const std::string path =
      "/api/v1/workers" + (options.function.empty() ? "" : "?function=" + percent_encode(options.function));
  return repeat(options.watch, [&] {
    const std::optional<Json> answer = server->get(path);
    if (!answer) return server->exit_code();
    if (options.json) {
      fmt::print("{}\n", answer->dump());
      return static_cast<int>(kOk);
    }
    Table table({"WORKER", "STATE", "PID", "AGE", "IDLE", "SERVED", "COLD-START", "PEAK-RSS", "RETIRES-IN",
                 "REQUEST"});
    for (const Json& worker : (*answer)["workers"])
      table.add({worker["id"], worker["state"], worker["pid"].is_null() ? "-" : worker["pid"].dump(),
                 duration_cell(worker, "age_ms"), duration_cell(worker, "idle_ms"), worker["served"].dump(),
                 worker.contains("cold_start_ms")
                     ? fmt::format("{:.1f}ms", worker["cold_start_ms"].get<double>())
                     : "-",
                 memory_cell(worker), duration_cell(worker, "retires_in_ms"),
                 worker.contains("request_id") ? worker["request_id"].get<std::string>() : "-"});
    table.print();
    return static_cast<int>(kOk);
  });
}

}  // namespace coffees::cli
