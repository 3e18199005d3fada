#include "admin/documents.h"

#include <fmt/format.h>

#include "base/units.h"
#include "platform/child_process.h"

namespace coffees::admin {
namespace {

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

Json function_document(const config::Function& function, const FunctionState& state,
                       const std::string& isolation_level) {
  Json document;
  document["name"] = function.name;
  document["state"] = state.source.state;
  if (!state.source.failure.empty()) document["failure"] = state.source.failure;
  document["path"] = function.path;
  document["start"] = state.source.fresh ? "fresh" : "zygote";
  document["isolation"] = isolation_level + config::opened(function);
  document["init_ms"] = in_milliseconds(state.source.init);
  document["timeout"] = format_duration(function.timeout);
  document["keep_warm"] = format_duration(function.keep_warm);
  document["min_warm"] = function.min_warm;
  document["limit"] = function.limit;
  document["queue_limit"] = function.queue;
  document["memory"] = format_size(function.memory);
  document["workers"] = {{"starting", state.snapshot.starting},
                         {"idle", state.snapshot.idle},
                         {"busy", state.snapshot.busy - state.draining},
                         {"draining", state.draining},
                         {"stopping", state.stopping}};
  document["queue"] = state.waiting;
  document["breaker"] = events::name_of(state.breaker);
  return document;
}

Json worker_document(const std::string& function, const WorkerStatus& worker, TimePoint now) {
  Json document;
  document["id"] = fmt::format("{}#{}", function, worker.number);
  document["function"] = function;
  document["state"] = name_of(worker.state);
  document["pid"] = worker.pid == 0 ? Json() : Json(worker.pid);
  document["age_ms"] = in_milliseconds(now - worker.started);
  if (worker.state == WorkerState::idle) document["idle_ms"] = in_milliseconds(now - worker.since);
  if (worker.state == WorkerState::busy || worker.state == WorkerState::draining) {
    document["busy_ms"] = in_milliseconds(now - worker.since);
    document["request_id"] = worker.request.view();
  }
  document["served"] = worker.served;
  if (worker.pid != 0) {
    document["cold_start_ms"] = in_milliseconds(worker.cold_start);
    Json& steps = document["cold_start_steps"] = Json::object();
    for (std::size_t i = 0; i < worker.steps.count; ++i)
      steps[std::string(worker.steps.steps[i].name) + "_ms"] = in_milliseconds(worker.steps.steps[i].took);
    const std::uint64_t peak = platform::peak_memory(worker.pid);
    if (peak != 0) document["peak_rss_bytes"] = peak;
  }
  if (worker.retires_at != TimePoint::max())
    document["retires_in_ms"] = std::max(in_milliseconds(worker.retires_at - now), 0.0);
  return document;
}

std::string start_page_html(const config::Config& configuration, const State& state,
                            const std::string& version, const std::string& invoke_url) {
  std::string page = fmt::format(
      R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cloud Coffees</title><meta http-equiv="refresh" content="2">
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884 }}
td.n, th.n {{ text-align: right }}
</style></head><body><h1>Cloud Coffees</h1>
<p>coffees {}, invoke port <code>{}</code>. <a href="metrics">metrics</a> <a href="api/v1/events">events</a>
<a href="api/v1/invocations">invocations</a> <a href="api/v1/isolation">isolation</a> <a href="openapi.json">API</a></p>
<h2>Functions</h2><table><tr><th>function<th>state<th class="n">starting<th class="n">idle<th class="n">busy<th class="n">queue<th class="n">limit</tr>
)",
      escape_html(version), escape_html(invoke_url));
  for (std::size_t i = 0; i < state.functions.size(); ++i) {
    const config::Function& function = configuration.functions[i];
    const FunctionState& now = state.functions[i];
    page += fmt::format(
        "<tr><td>{}<td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td "
        "class=\"n\">{}</tr>\n",
        escape_html(function.name),
        now.breaker != events::BreakerState::closed ? "crash loop" : escape_html(now.source.state),
        now.snapshot.starting, now.snapshot.idle, now.snapshot.busy, now.waiting, function.limit);
  }
  page +=
      "</table><h2>Workers</h2><table><tr><th>worker<th>state<th class=\"n\">pid<th class=\"n\">age"
      "<th class=\"n\">served</tr>\n";
  std::size_t workers = 0;
  for (std::size_t i = 0; i < state.functions.size(); ++i)
    for (const WorkerStatus& worker : state.functions[i].workers) {
      page += fmt::format(
          "<tr><td>{}#{}<td>{}<td class=\"n\">{}<td class=\"n\">{:.1f} s<td class=\"n\">{}</tr>\n",
          escape_html(configuration.functions[i].name), worker.number, name_of(worker.state), worker.pid,
          std::chrono::duration<double>(state.now - worker.started).count(), worker.served);
      ++workers;
    }
  page += "</table>";
  if (workers == 0)
    page +=
        fmt::format("<p>None yet. Try: <code>curl -d '{{}}' {}/{}</code></p>", escape_html(invoke_url),
                    configuration.functions.empty() ? "..." : escape_html(configuration.functions[0].name));
  return page + "</body></html>\n";
}

}  // namespace coffees::admin
