#include "front/invoke_handler.h"

#include <optional>

#include "front/answer.h"
#include "front/client_address.h"
#include "front/invoke_service.h"
#include "http/disconnect_watch.h"
#include "platform/peer.h"

namespace coffees::front {
namespace {

std::string allow_field() { return "Allow: " + std::string(kAllowedMethods) + "\r\n"; }

}  // namespace

http::Refusal InvokeHandler::examine(const http::Request& request) {
  const http::RequestParser& parser = request.parser;
  route_ = route(parser.method, request.target);
  const http::AccessRules& access = service_.settings().access;
  origin_lines_ = access.origins().answer_lines(parser.origin, route_.function);
  http::Refusal refusal = access.check({.authority = request.target.authority,
                                        .host = parser.host,
                                        .origin = parser.origin,
                                        .fetch_site = parser.fetch_site,
                                        .function = route_.function});
  if (!refusal && route_.kind == Route::Kind::refused) refusal = route_.refusal;
  return refusal;
}

http::AnswerFrame InvokeHandler::frame(const http::Request& request) const {
  http::AnswerFrame frame = connection_.frame(request);
  frame.origin_lines = origin_lines_;
  return frame;
}

// Who is connected is asked once, and what a proxy says with each request.
std::string_view InvokeHandler::client_of(const http::Request& request) {
  if (peer_text_.empty()) {
    ErrorCode error;
    const auto endpoint = connection_.socket().remote_endpoint(error);
    if (error) return {};  // it has gone
    peer_ = without_mapping(endpoint.address());
    peer_text_ = peer_.to_string();
  }
  const AddressSet& trusted = service_.settings().trusted_proxies;
  if (trusted.empty()) return peer_text_;
  forwarded_ = client_address(peer_, request.parser.headers, trusted);
  return forwarded_;
}

bool InvokeHandler::has_left() { return platform::peer_has_finished(connection_.socket().native_handle()); }

Task<http::Answer> InvokeHandler::answer(const http::Request& request) {
  http::Answer made;
  switch (route_.kind) {
    case Route::Kind::function:
      made = co_await invoke(request);
      break;
    case Route::Kind::health:
      made = http::plain(200, "application/json",
                         "{\"status\":\"ok\",\"admin\":\"" + service_.admin_url() + "\"}\n", frame(request));
      break;
    case Route::Kind::readiness:
      if (const char* why = service_.why_not_ready(); why == nullptr)
        made = http::plain(200, "application/json", "{\"status\":\"ready\"}\n", frame(request));
      else
        made = http::plain(503, "application/json",
                           std::string(R"({"status":"not ready","reason":")") + why + "\"}\n", frame(request),
                           "Retry-After: 1\r\n");
      break;
    case Route::Kind::options: {
      std::string fields = allow_field();
      if (origin_lines_.find("Access-Control-Allow-Origin") != std::string::npos)
        fields += http::Origins::preflight_lines(request.parser.headers, kAllowedMethods);
      made = http::plain(204, {}, {}, frame(request), fields);
      break;
    }
    case Route::Kind::refused:
      break;  // was answered before
  }
  co_return made;
}

Task<http::Answer> InvokeHandler::invoke(const http::Request& request) {
  const std::string_view client = client_of(request);
  Cancellation cancellation;
  const bool watched = service_.settings().cancel_on_disconnect;
  const Invocation call{
      .function = route_.function,
      .request_id = request.id.view(),
      .given_request_id = request.given_id_in_use ? std::string_view(request.parser.given_id) : "",
      .method = request.parser.method,
      .path = route_.path,
      .query = route_.query,
      .client = client,
      .headers = request.parser.headers,
      .body = request.body,
      .cancellation = watched ? &cancellation : nullptr,
      .caller = this};
  std::optional<http::DisconnectWatch> watch;
  if (watched) watch.emplace(connection_.socket(), [&cancellation] { cancellation.request(); });
  Outcome outcome = co_await service_.dispatcher().invoke(call);
  watch.reset();
  http::AnswerFrame answer_frame = frame(request);
  // What the client had pipelined behind it is not wanted any more either.
  answer_frame.close = answer_frame.close || outcome.kind == Outcome::Kind::client_gone;
  co_return answer_to(std::move(outcome), route_.function, answer_frame);
}

std::string InvokeHandler::refused(const http::Request& request, const http::Refusal& refusal) {
  service_.dispatcher().log().request_refused(
      *refusal.code, request.id.view(),
      {.method = request.parser.method,
       .path = http::path_of(request.parser.target),
       .given_id = request.given_id_in_use ? std::string_view(request.parser.given_id) : ""},
      service_.timers().now());
  // A damaged request may not have been examined: what is known of it decides.
  const http::Target target = http::split_target(request.parser.method, request.parser.target);
  std::string lines = service_.settings().access.origins().answer_lines(
      request.parser.origin, route(request.parser.method, target).function);
  if (refusal.code == RefusalCode::method_not_allowed) lines += allow_field();
  return lines;
}

}  // namespace coffees::front
