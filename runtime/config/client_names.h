// Names that clients put into Host and Origin fields, as a configuration lists them: which of them a request
// can match at all.
#pragma once

#include <string>
#include <string_view>

namespace coffees::config {

/// Empty when the Host of a request (RFC 9110 section 7.2), its port left out, can be `host`; else what to
/// write instead, as a hint. Upper and lower case are the same.
std::string why_no_host_matches(std::string_view host);

/// Empty when the Origin of a request (RFC 6454 section 7) can be `origin`, or when it is "*", which stands
/// for all of them, or "null"; else what to write instead, as a hint.
std::string why_no_origin_matches(std::string_view origin);

}  // namespace coffees::config
