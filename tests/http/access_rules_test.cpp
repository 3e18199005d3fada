#include "http/access_rules.h"

#include "catch.h"

using namespace coffees::http;

namespace {

Refusal check(const AccessRules& rules, std::string_view host, std::string_view origin,
              std::string_view fetch_site, std::string_view function = {}, std::string_view authority = {}) {
  return rules.check({.authority = authority,
                      .host = host,
                      .origin = origin,
                      .fetch_site = fetch_site,
                      .function = function});
}

}  // namespace

TEST_CASE("only known hosts are answered for") {
  const AccessRules rules({"coffee.example"}, "127.0.0.1");
  for (const char* host : {"localhost", "LOCALHOST:2633", "127.0.0.1:1", "[::1]:2633", "coffee.example"})
    CHECK_FALSE(check(rules, host, "", ""));
  CHECK(check(rules, "evil.example", "", "").status() == 421);
  CHECK(check(rules, "localhost.evil.example", "", "").status() == 421);
  CHECK(check(rules, "localhost", "", "", "", "evil.example").status() == 421);
  for (const char* host :
       {"user@localhost", "localhost/x", "localhost:port", "local host", "[::1", "localhost:123456"})
    CHECK(check(rules, host, "", "").status() == 400);
}

TEST_CASE("a server on all addresses answers for addresses, not for names, one on loopback for neither") {
  for (const char* bound : {"0.0.0.0", "::"}) {
    const AccessRules open({}, bound);
    for (const char* host : {"172.17.0.2", "192.168.1.5:2633", "[2001:db8::1]:2633", "localhost"})
      CHECK_FALSE(check(open, host, "", ""));
    for (const char* host : {"evil.example", "1.2.3.4.evil.example", "1.2.3", "0x7f.0.0.1", "010.0.0.1",
                             "2130706433", "1.2.3.4.", "[1.2.3.4]", "[]", "[fe80::1]x"})
      CHECK(check(open, host, "", ""));
    CHECK(check(open, "192.168.1.5:2633", "http://192.168.1.6:2633", "").status() == 403);
    CHECK(check(open, "192.168.1.5:2633", "", "cross-site").status() == 403);
  }
  for (const char* bound : {"127.0.0.1", "::1", "localhost", "192.168.1.5"})
    for (const char* host : {"172.17.0.2", "0.0.0.0:2633", "[::]", "[2001:db8::1]"})
      CHECK(check(AccessRules({}, bound), host, "", "").status() == 421);
}

TEST_CASE("web pages of other origins are refused, programs and the server's own pages are not") {
  const AccessRules rules({}, "127.0.0.1");
  CHECK_FALSE(check(rules, "localhost:2633", "", ""));
  CHECK_FALSE(check(rules, "localhost:2633", "http://localhost:2633", "same-origin"));
  CHECK_FALSE(check(rules, "localhost:2633", "", "none"));
  CHECK(check(rules, "localhost:2633", "https://evil.example", "").status() == 403);
  CHECK(check(rules, "localhost:2633", "http://localhost:5173", "").status() == 403);
  CHECK(check(rules, "localhost:2633", "null", "").status() == 403);
  CHECK(check(rules, "localhost:2633", "", "cross-site").status() == 403);
  CHECK(check(rules, "localhost:2633", "", "same-site").status() == 403);
}

TEST_CASE("a listed origin is let through for its functions, * for all, and the hint names the key") {
  const AccessRules rules({}, "127.0.0.1",
                          Origins({"http://localhost:3000"}, {{"latte", {"*"}}, {"pi", {"app://pi"}}}));
  CHECK_FALSE(check(rules, "localhost", "http://localhost:3000", "same-site", "espresso"));
  CHECK_FALSE(check(rules, "localhost", "http://localhost:3000", "cross-site", ""));
  CHECK_FALSE(check(rules, "localhost", "https://evil.example", "cross-site", "latte"));
  CHECK_FALSE(check(rules, "localhost", "", "cross-site", "latte"));
  CHECK_FALSE(check(rules, "localhost", "app://pi", "", "pi"));
  CHECK(check(rules, "localhost", "app://pi", "", "espresso").status() == 403);
  CHECK(check(rules, "localhost", "", "cross-site", "pi").status() == 403);
  CHECK(check(rules, "localhost", "*", "", "pi").status() == 403);
  const Refusal refusal = check(rules, "localhost", "https://evil.example", "", "pi");
  CHECK(refusal.status() == 403);
  CHECK(refusal.hint.find("https://evil.example") != std::string::npos);
  CHECK(refusal.hint.find("`origins`") != std::string::npos);
  CHECK(check(rules, "evil.example", "http://localhost:3000", "", "pi").status() == 421);
}

TEST_CASE("https of the same host is its own origin, and a usual port goes without saying") {
  const AccessRules rules({"coffee.example"}, "127.0.0.1");
  CHECK_FALSE(check(rules, "coffee.example", "https://coffee.example", ""));
  CHECK_FALSE(check(rules, "coffee.example:443", "https://coffee.example", ""));
  CHECK_FALSE(check(rules, "coffee.example:80", "http://coffee.example", ""));
  CHECK_FALSE(check(rules, "[::1]:8443", "https://[::1]:8443", ""));
  for (const char* origin : {"https://coffee.example:8443", "https://", "http://", "https://:443",
                             "coffee.example", "https://coffee.example.evil.example", "wss://coffee.example"})
    CHECK(check(rules, "coffee.example", origin, "").status() == 403);
}
