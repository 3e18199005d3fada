#include "refusal_code.h"

namespace coffees {
namespace {

using Code = RefusalCode;

constexpr std::array<RefusalRow, kRefusalCodes> kRefusals{{
    {Code::bad_request, "bad_request", 400, "The request is not well-formed HTTP/1.1.",
     "The detail says which rule it breaks."},
    {Code::cross_site, "cross_site", 403, "A web page of another origin sent the request.",
     "Add the page's origin to `origins` of [server] or of the function, if it may call."},
    {Code::not_found, "not_found", 404, "The path names no function and no resource.",
     "Call POST /FUNCTION; on the admin port, GET /openapi.json lists the resources."},
    {Code::method_not_allowed, "method_not_allowed", 405, "The path cannot be used with this method.",
     "The header field Allow lists the methods that can be used."},
    {Code::request_timeout, "request_timeout", 408, "The request did not arrive in time.",
     "Send the head within 10 s, and the body faster than `min_upload` of [server]."},
    {Code::body_too_large, "body_too_large", 413, "The body is longer than max_body.",
     "Send less, or raise `max_body` of [server]."},
    {Code::target_too_long, "target_too_long", 414, "The request line is too long.",
     "Send what is long in the body."},
    {Code::unknown_expectation, "unknown_expectation", 417, "The field Expect asks for something unknown.",
     "Expect: 100-continue is the only expectation that is understood."},
    {Code::foreign_host, "foreign_host", 421, "The request is addressed to another host.",
     "Add the name to `hosts` of [server], if clients may use it."},
    {Code::head_too_large, "head_too_large", 431, "A header field, or all of them, are too long.",
     "Send fewer or shorter fields; cookies are the usual cause."},
    {Code::not_implemented, "not_implemented", 501, "The method or transfer coding is not implemented.",
     "Use GET, HEAD, POST, PUT, PATCH or DELETE, and no transfer coding but chunked."},
    {Code::unavailable, "unavailable", 503,
     "There are too many connections, or the server is stopping or too busy.",
     "Try again later; close idle connections, or raise the limit of open files (ulimit -n, LimitNOFILE)."},
    {Code::over_budget, "over_budget", 503, "The memory budget has no room for the request.",
     "Send it again later, send less at once, or raise `memory_budget` of [server]."},
    {Code::http_version, "http_version", 505, "The HTTP version is not supported.",
     "Use HTTP/1.1 or HTTP/1.0."},
    {Code::unauthorized, "unauthorized", 401, "The admin port requires a token.",
     "Send it as Authorization: Bearer TOKEN."},
    {Code::length_required, "length_required", 411, "The body has no length.", "Send a Content-Length."},
    {Code::unsupported_media_type, "unsupported_media_type", 415,
     "The body is in a form that the admin port does not read.", "Send JSON without a Content-Encoding."},
    {Code::unknown_worker, "unknown_worker", 404, "There is no running worker of this name.",
     "Run `coffees ps` to see the workers."},
    {Code::unknown_invocation, "unknown_invocation", 404,
     "There is no such invocation, or its events are no longer kept.",
     "GET /api/v1/invocations lists the newest; a prefix of an id must match exactly one."},
    {Code::too_many_lists, "too_many_lists", 503, "Eight other long lists are being read.",
     "Try again in a moment."},
    {Code::too_many_streams, "too_many_streams", 503, "128 clients already follow the events.",
     "Close one of the streams."},
    {Code::internal_error, "internal_error", 500, "The admin port met an error of its own.",
     "Report it with the server's messages of that time."},
}};

constexpr bool refusals_in_order() {
  for (std::size_t i = 0; i < kRefusals.size(); ++i)
    if (static_cast<std::size_t>(kRefusals[i].code) != i) return false;
  return true;
}
static_assert(refusals_in_order());

const RefusalRow& refusal_row(Code code) { return kRefusals[static_cast<std::size_t>(code)]; }

}  // namespace

const std::array<RefusalRow, kRefusalCodes>& refusal_rows() { return kRefusals; }
int status_of(RefusalCode code) { return refusal_row(code).status; }
const char* name_of(RefusalCode code) { return refusal_row(code).name; }

}  // namespace coffees
