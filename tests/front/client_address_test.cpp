#include "front/client_address.h"

#include "base/header_block.h"
#include "catch.h"

using namespace coffees;
using namespace coffees::front;

namespace {

std::string client(const char* peer, const std::string& forwarded, const AddressSet& trusted) {
  std::string headers;
  append_header(headers, "x-forwarded-for", forwarded);
  return client_address(boost::asio::ip::make_address(peer), headers, trusted);
}

}  // namespace

TEST_CASE("an address set holds addresses and networks of both families, and nothing else") {
  AddressSet set;
  for (const char* good : {"192.0.2.1", "10.0.0.0/8", "::1", "fd00::/8", "::ffff:198.51.100.1"})
    CHECK(set.add(good));
  for (const char* bad :
       {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "fd00::/129", "1.2.3.4:80", "*"})
    CHECK_FALSE(set.add(bad));
  const auto contains = [&](const char* text) { return set.contains(boost::asio::ip::make_address(text)); };
  for (const char* in : {"192.0.2.1", "10.255.0.1", "::1", "fdff::1", "198.51.100.1", "::ffff:10.1.2.3"})
    CHECK(contains(in));
  for (const char* out : {"192.0.2.2", "11.0.0.1", "::2", "fe00::1", "0.0.0.1"}) CHECK_FALSE(contains(out));
}

TEST_CASE("only what trusted proxies have appended says who the client is") {
  const AddressSet trusted({"10.0.0.0/8"});
  CHECK(client("192.0.2.1", "203.0.113.9", trusted) == "192.0.2.1");
  CHECK(client("10.0.0.1", "203.0.113.9", trusted) == "203.0.113.9");
  CHECK(client("::ffff:10.0.0.1", "203.0.113.9", trusted) == "203.0.113.9");
  CHECK(client("10.0.0.1", "6.6.6.6, 203.0.113.9 , 10.0.0.2", trusted) == "203.0.113.9");
  CHECK(client("10.0.0.1", "10.0.0.3, 10.0.0.2", trusted) == "10.0.0.3");
  CHECK(client("10.0.0.1", "[2001:db8::1]:80", trusted) == "2001:db8::1");
  for (const char* garbage : {"", ",", "unknown", "203.0.113.9, _hidden", "[", "[]", "1.2.3.4.5"})
    CHECK(client("10.0.0.1", garbage, trusted) == "10.0.0.1");
}
