// Why a request is refused before any function sees it: one row for each reason, from which answers, events,
// metrics and the documentation come.
#pragma once

#include <array>
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
  unknown_expectation,
  foreign_host,
  head_too_large,
  not_implemented,
  unavailable,
  over_budget,
  http_version,
  // On the admin port only:
  unauthorized,
  length_required,
  unsupported_media_type,
  unknown_worker,
  unknown_invocation,
  too_many_lists,
  too_many_streams,
  internal_error,  // the last one
};
constexpr std::size_t kRefusalCodes = static_cast<std::size_t>(RefusalCode::internal_error) + 1;
/// The invoke port uses the codes before this number.
constexpr std::size_t kInvokeRefusalCodes = static_cast<std::size_t>(RefusalCode::unauthorized);

struct RefusalRow {
  RefusalCode code;
  const char* name;   ///< the stable word
  int status;         ///< of HTTP
  const char* title;  ///< what is wrong, in a few words
  const char* hint;   ///< what to do about it
};

/// In the order of the codes.
const std::array<RefusalRow, kRefusalCodes>& refusal_rows();

/// The HTTP status that goes with it.
int status_of(RefusalCode code);
/// "bad_request", "cross_site", ...
const char* name_of(RefusalCode code);

}  // namespace coffees
