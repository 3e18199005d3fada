// Which client a request comes from: the one that is connected, or the one that a trusted proxy names.
#pragma once

#include <string>
#include <string_view>

#include "addresses.h"

namespace coffees::front {

/// The address of the client, "192.0.2.1" or "2001:db8::1". `peer` is who is connected, `headers` are the
/// request's fields (header_block.h). X-Forwarded-For counts only when `peer` is in `trusted`; it is read
/// from its end, since only what the trusted proxies have appended is known to be true, and the first address
/// that is not one of theirs is the client. A value that is not an address ends the search, and the proxy
/// that wrote it counts.
std::string client_address(const boost::asio::ip::address& peer, std::string_view headers,
                           const AddressSet& trusted);

}  // namespace coffees::front
