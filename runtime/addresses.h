// Sets of IP addresses, as a configuration names them.
#pragma once

#include <utility>  // before Boost 1.74, which forgets it

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <vector>

namespace coffees {

/// Single addresses and networks (CIDR notation, RFC 4632 section 3.1 and RFC 4291 section 2.3), of both
/// families. A value: no thread may change it while others read.
class AddressSet {
 public:
  AddressSet() = default;
  /// Leaves out what add() would not take.
  explicit AddressSet(const std::vector<std::string>& texts);

  /// Adds "192.0.2.1", "10.0.0.0/8", "::1" or "fd00::/8". Returns false, and adds nothing, for other texts.
  bool add(const std::string& text);
  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const;
  [[nodiscard]] bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

/// The IPv4 address in an IPv4-mapped IPv6 one (RFC 4291 section 2.5.5.2); any other address as it is.
boost::asio::ip::address without_mapping(const boost::asio::ip::address& address);

}  // namespace coffees
