#include "refusal_code.h"

#include <array>

namespace coffees {
namespace {

struct Row {
  RefusalCode code;
  const char* name;
  int status;
};

// In the order of the codes.
constexpr std::array<Row, kRefusalCodes> kTable{{
    {RefusalCode::bad_request, "bad_request", 400},
    {RefusalCode::cross_site, "cross_site", 403},
    {RefusalCode::not_found, "not_found", 404},
    {RefusalCode::method_not_allowed, "method_not_allowed", 405},
    {RefusalCode::request_timeout, "request_timeout", 408},
    {RefusalCode::body_too_large, "body_too_large", 413},
    {RefusalCode::target_too_long, "target_too_long", 414},
    {RefusalCode::unknown_expectation, "unknown_expectation", 417},
    {RefusalCode::foreign_host, "foreign_host", 421},
    {RefusalCode::head_too_large, "head_too_large", 431},
    {RefusalCode::not_implemented, "not_implemented", 501},
    {RefusalCode::unavailable, "unavailable", 503},
    {RefusalCode::over_budget, "over_budget", 503},
    {RefusalCode::http_version, "http_version", 505},
    {RefusalCode::unauthorized, "unauthorized", 401},
    {RefusalCode::length_required, "length_required", 411},
    {RefusalCode::unsupported_media_type, "unsupported_media_type", 415},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].code) != i) return false;
  return true;
}
static_assert(in_order());

}  // namespace

int status_of(RefusalCode code) { return kTable[static_cast<std::size_t>(code)].status; }

const char* name_of(RefusalCode code) { return kTable[static_cast<std::size_t>(code)].name; }

}  // namespace coffees
