#include "front/client_address.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/header_block.h"
#include "http/same.h"

namespace coffees::front {
namespace {

using http::same;

using Address = boost::asio::ip::address;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// All that the proxies have written, in order. Several fields count as one list (RFC 9110 section 5.3).
std::vector<std::string_view> forwarded_for(std::string_view headers) {
  std::vector<std::string_view> hops;
  for_each_header(headers, [&hops](std::string_view name, std::string_view value) {
    if (!same(name, "x-forwarded-for")) return;
    while (true) {
      const std::size_t comma = value.find(',');
      hops.push_back(trimmed(value.substr(0, comma)));
      if (comma == std::string_view::npos) return;
      value.remove_prefix(comma + 1);
    }
  });
  return hops;
}

// "192.0.2.1", "2001:db8::1", and both with a port: "192.0.2.1:80", "[2001:db8::1]:80".
std::optional<Address> parse(std::string_view hop) {
  if (hop.starts_with('['))
    hop = hop.substr(1, hop.find(']') - 1);
  else if (std::count(hop.begin(), hop.end(), ':') == 1)
    hop = hop.substr(0, hop.find(':'));
  boost::system::error_code error;
  const Address address = boost::asio::ip::make_address(std::string(hop), error);
  return error ? std::nullopt : std::optional(without_mapping(address));
}

}  // namespace

std::string client_address(const Address& peer, std::string_view headers, const AddressSet& trusted) {
  Address client = without_mapping(peer);
  if (!trusted.contains(client)) return client.to_string();
  const std::vector<std::string_view> hops = forwarded_for(headers);
  for (auto hop = hops.rbegin(); hop != hops.rend() && trusted.contains(client); ++hop) {
    const std::optional<Address> address = parse(*hop);
    if (!address) break;
    client = *address;
  }
  return client.to_string();
}

}  // namespace coffees::front
