// Names that clients put into Host fields, as a configuration lists them: which of them a request can match
// at all. For origins: network_keys.h.
#pragma once

#include <string>
#include <string_view>

namespace coffees::config {

/// Empty when the Host of a request (RFC 9110 section 7.2), its port left out, can be `host`; else what to
/// write instead, as a hint. Upper and lower case are the same.
std::string why_no_host_matches(std::string_view host);

}  // namespace coffees::config
