#include "addresses.h"

#include <algorithm>

namespace coffees {

namespace ip = boost::asio::ip;

AddressSet::AddressSet(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) add(text);
}

bool AddressSet::add(const std::string& text) {
  boost::system::error_code error;
  if (text.find('/') == std::string::npos) {
    const ip::address address = without_mapping(ip::make_address(text, error));
    if (error) return false;
    if (address.is_v4())
      v4_.emplace_back(address.to_v4(), 32);
    else
      v6_.emplace_back(address.to_v6(), 128);
    return true;
  }
  const ip::network_v4 v4 = ip::make_network_v4(text, error);
  if (!error) {
    v4_.push_back(v4);
    return true;
  }
  const ip::network_v6 v6 = ip::make_network_v6(text, error);
  if (error) return false;
  v6_.push_back(v6);
  return true;
}

bool AddressSet::contains(const ip::address& address) const {
  const ip::address plain = without_mapping(address);
  if (plain.is_v4())
    return std::any_of(v4_.begin(), v4_.end(), [&](const ip::network_v4& network) {
      return ip::network_v4(plain.to_v4(), network.prefix_length()).network() == network.network();
    });
  return std::any_of(v6_.begin(), v6_.end(), [&](const ip::network_v6& network) {
    return ip::network_v6(plain.to_v6(), network.prefix_length()).network() == network.network();
  });
}

ip::address without_mapping(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

}  // namespace coffees
