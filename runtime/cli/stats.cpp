// coffees stats: counts and percentiles of a running server's newest invocations.
#include <fmt/format.h>

#include "cli/admin_client.h"
#include "cli/table.h"
#include "config/timestamp.h"

namespace coffees::cli {
namespace {

std::string cell(const Json& percentiles, const char* key) {
  return percentiles.contains(key) ? fmt::format("{:.1f}ms", percentiles[key].get<double>()) : "-";
}

std::string count(const Json& outcomes, const char* name) { return outcomes.value(name, Json(0)).dump(); }

}  // namespace

int stats(const StatsOptions& options) {
  int exit_code = kOk;
  std::optional<AdminClient> server = AdminClient::find(options.common.server, exit_code);
  if (!server) return exit_code;
  std::string path = "/api/v1/stats?function=" + percent_encode(options.common.function);
  if (!options.since.empty()) path += "&since=" + percent_encode(config::in_utc(options.since));
  return repeat(options.common.watch, [&] {
    const std::optional<Json> answer = server->get(path);
    if (!answer) return server->exit_code();
    if (options.common.json) {
      fmt::print("{}\n", answer->dump());
      return static_cast<int>(kOk);
    }
    Table counts({"FUNCTION", "OK", "ERROR", "TIMEOUT", "CRASHED", "THROTTLED", "OTHER", "COLD"});
    Table times({"FUNCTION", "START", "COUNT", "P50", "P90", "P99", "MAX"});
    for (const Json& one : (*answer)["stats"]) {
      const Json& outcomes = one["outcomes"];
      std::uint64_t total = 0;
      for (const auto& [name, number] : outcomes.items()) total += number.get<std::uint64_t>();
      const auto cold = one["cold"]["count"].get<std::uint64_t>();
      const std::uint64_t other = outcomes.value("unavailable", 0U) + outcomes.value("client_gone", 0U);
      counts.add({one["function"], count(outcomes, "ok"), count(outcomes, "error"),
                  count(outcomes, "timeout"), count(outcomes, "crashed"), count(outcomes, "throttled"),
                  std::to_string(other),
                  fmt::format("{} ({:.1f}%)", cold,
                              100.0 * static_cast<double>(cold) /
                                  static_cast<double>(std::max<std::uint64_t>(total, 1)))});
      for (const char* kind : {"cold", "warm", "queue"}) {
        const Json& p = one[kind];
        times.add({one["function"], kind, p["count"].dump(), cell(p, "p50_ms"), cell(p, "p90_ms"),
                   cell(p, "p99_ms"), cell(p, "max_ms")});
      }
    }
    counts.print();
    fmt::print("\n");
    times.print();
    return static_cast<int>(kOk);
  });
}

}  // namespace coffees::cli
