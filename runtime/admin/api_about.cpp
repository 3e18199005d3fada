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

Task<Reply> Api::start_page(const Asked&, const Segments&) {
  const std::optional<State> now = co_await state();
  if (!now) co_return no_answer();
  Reply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.fields = std::string("Content-Security-Policy: ") + kPagePolicy + "\r\n";
  reply.body = start_page_html(sources_.configuration, *now, sources_.version, sources_.invoke_url);
  co_return reply;
}

Task<Reply> Api::healthz(const Asked&, const Segments&) {
  const Json content{{"status", "ok"}, {"server", "coffees"}, {"port", "admin"}};
  co_return document(content);
}

Task<Reply> Api::openapi(const Asked&, const Segments&) {
  Reply reply;
  static const std::string text = openapi_document();
  reply.body = text;
  co_return reply;
}

Task<Reply> Api::metrics(const Asked&, const Segments&) {
  const std::size_t streams = streams_.count();
  const auto read = [this, streams] {
    return MetricsSource{.state = read_state(sources_.dispatcher, sources_.log.functions()),
                         .metrics = sources_.log.metrics(),
                         .refusals = sources_.log.refusals(),
                         .event_streams = streams,
                         .memory_budget = sources_.budget.limit() + sources_.admin_budget.limit(),
                         .memory_held = sources_.budget.held() + sources_.admin_budget.held()};
  };
  const std::optional<MetricsSource> source = co_await bridge_.ask(read);
  if (!source) co_return no_answer();
  Reply reply;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.body = metrics_text(*source, sources_.log.functions(), sources_.version.c_str());
  co_return reply;
}

Task<Reply> Api::isolation(const Asked&, const Segments&) { co_return document(sources_.isolation); }

Task<Reply> Api::effective_config(const Asked&, const Segments&) { co_return document(sources_.effective); }

Task<Reply> Api::version(const Asked&, const Segments&) {
  const Json content{
      {"version", sources_.version}, {"config", sources_.digest}, {"url", sources_.invoke_url}};
  co_return document(content);
}

Task<Reply> Api::events(const Asked& asked, const Segments&) {
  const std::string_view function = http::value_of(asked.query, "function");
  if (!function.empty() && !find_function(function)) co_return unknown_function(function);
  const std::string_view types = http::value_of(asked.query, "types");
  if (const std::string type = EventStreams::unknown_type(types); !type.empty())
    co_return problem(
        RefusalCode::bad_request, "there is no event of type '" + type + "'",
        "one like invocation.finished, or invocation, request, worker, function, log, stats for "
        "all of a kind");
  StreamQuery query{.types = std::string(types), .function = std::string(function)};
  for (const std::string_view place : {http::value_of(asked.query, "since"), asked.last_event_id}) {
    if (place.empty()) continue;
    query.after = whole_number(place, UINT64_MAX);
    if (!query.after)
      co_return problem(RefusalCode::bad_request, "this is not a position in the event log",
                        "Last-Event-ID, or ?since=N: the number of an event; 0 begins with the oldest one");
  }
  Reply reply;
  reply.content_type = "text/event-stream";
  reply.fields = "Cache-Control: no-store\r\n";
  reply.pieces = streams_.open(query);
  if (!reply.pieces)
    co_return problem(RefusalCode::too_many_streams, "128 clients already follow the events",
                      "close one of them");
  co_return reply;
}

}  // namespace coffees::admin
