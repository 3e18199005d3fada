// Why a request is refused before any function sees it, as a stable word for programs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace coffees {

/// One word per kind of refusal: in problem documents, in `request.refused` events and in metrics.
enum class RefusalCode : std::uint8_t {
  bad_request,
  cross_site,
  not_found,
  method_not_allowed,
  request_timeout,
  body_too_large,
  target_too_long,
  foreign_host,
  head_too_large,
  not_implemented,
  unavailable,
  http_version,  // the last one
};
constexpr std::size_t kRefusalCodes = static_cast<std::size_t>(RefusalCode::http_version) + 1;

/// The code that goes with an HTTP status; bad_request for those without one of their own.
RefusalCode refusal_code(int status);
/// "bad_request", "cross_site", ...
const char* name_of(RefusalCode code);

}  // namespace coffees
