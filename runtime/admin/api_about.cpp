// The admin API: pages, documents and streams about the server as a whole.
#include "admin/api.h"
#include "admin/documents.h"
#include "admin/metrics_text.h"
#include "admin/openapi.h"

namespace coffees::admin {
namespace {

constexpr const char* kPagePolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

}  // namespace

void Api::start_page(const httplib::Request&, const Parameters&, httplib::Response& response) {
  const auto now = state(response);
  if (!now) return;
  response.set_header("Content-Security-Policy", kPagePolicy);
  response.set_content(start_page_html(sources_.configuration, *now, sources_.version, sources_.invoke_url),
                       "text/html; charset=utf-8");
}

void Api::healthz(const httplib::Request&, const Parameters&, httplib::Response& response) {
  reply(response, {{"status", "ok"}, {"server", "coffees"}, {"port", "admin"}});
}

void Api::openapi(const httplib::Request&, const Parameters&, httplib::Response& response) {
  response.set_content(kOpenApi, "application/json");
}

void Api::metrics(const httplib::Request&, const Parameters&, httplib::Response& response) {
  const auto source = sources_.bridge.ask([this] {
    return MetricsSource{.state = read_state(sources_.dispatcher, sources_.log.functions()),
                         .metrics = sources_.log.metrics(),
                         .refusals = sources_.log.refusals(),
                         .event_streams = streams_.count()};
  });
  if (!source) return no_answer(response);
  response.set_content(metrics_text(*source, sources_.log.functions(), sources_.version.c_str()),
                       "text/plain; version=0.0.4; charset=utf-8");
}

void Api::isolation(const httplib::Request&, const Parameters&, httplib::Response& response) {
  reply(response, sources_.isolation);
}

void Api::effective_config(const httplib::Request&, const Parameters&, httplib::Response& response) {
  reply(response, sources_.effective);
}

void Api::version(const httplib::Request&, const Parameters&, httplib::Response& response) {
  reply(response, {{"version", sources_.version}, {"config", sources_.digest}, {"url", sources_.invoke_url}});
}

void Api::events(const httplib::Request& request, const Parameters&, httplib::Response& response) {
  const std::string function = request.get_param_value("function");
  if (!function.empty() && !find_function(function, response)) return;
  if (const std::string type = EventStreams::unknown_type(request.get_param_value("types")); !type.empty())
    return problem(response, 400, "bad_request", "there is no event of type '" + type + "'",
                   "one like invocation.finished, or invocation, request, worker, function, log, stats for "
                   "all of a kind");
  if (!EventStreams::knows_place(request))
    return problem(response, 400, "bad_request", "this is no place in the event log",
                   "Last-Event-ID, or ?since=N: the number of an event; 0 begins with the oldest one");
  if (!streams_.open(request, response))
    problem(response, 503, "too_many_streams", "128 clients follow the events already", "close one of them");
}

}  // namespace coffees::admin
