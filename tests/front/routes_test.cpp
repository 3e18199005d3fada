#include "front/routes.h"

#include "catch.h"

using namespace coffees::front;

namespace {

int refused(std::string_view method, std::string_view target) { return route(method, target).refusal.status; }

}  // namespace

TEST_CASE("a path names a function, the rest of the path and the query") {
  const Route simple = route("POST", "/espresso");
  CHECK(simple.kind == Route::Kind::function);
  CHECK(simple.function == "espresso");
  CHECK(simple.path.empty());
  CHECK(simple.query.empty());
  const Route full = route("GET", "/latte/cups/2?milk=oat&x=/?");
  CHECK(full.function == "latte");
  CHECK(full.path == "/cups/2");
  CHECK(full.query == "milk=oat&x=/?");
  CHECK(route("GET", "http://localhost:2633/pi?digits=3").function == "pi");
}

TEST_CASE("names that are not written in plain letters reach no function") {
  for (const char* target :
       {"/%65spresso", "/a%00b", "/a%2fb", "/..", "/%2e%2e/x", "/a;b", "/a\\b", "/\xc3\xa4", "/a.so", "/a:b"})
    CHECK(refused("GET", target) == 400);
  CHECK(refused("GET", "/" + std::string(65, 'a')) == 400);
  CHECK(refused("GET", "/") == 404);
  CHECK(refused("GET", "//x") == 404);
  CHECK(refused("GET", "espresso") == 400);
  CHECK(refused("GET", "/a#b") == 400);
}

TEST_CASE("methods that do not reach functions are told so") {
  CHECK(refused("TRACE", "/espresso") == 405);
  CHECK(refused("CONNECT", "localhost:2633") == 405);
  CHECK(refused("BREW", "/espresso") == 501);
  CHECK(refused("GET,", "/espresso") == 501);
  CHECK(refused("OST", "/espresso") == 501);
  CHECK(refused("E", "/espresso") == 501);
  CHECK(refused("GET", "http://localhost?x/espresso") == 404);
  CHECK(refused("post", "/espresso") == 501);
  CHECK(refused("POST", "/healthz") == 405);
  CHECK(refused("GET", "*") == 400);
  CHECK(route("OPTIONS", "*").kind == Route::Kind::options);
  CHECK(route("OPTIONS", "/espresso").kind == Route::Kind::options);
  CHECK(route("GET", "/healthz").kind == Route::Kind::health);
  CHECK(route("HEAD", "/readyz").kind == Route::Kind::readiness);
}

TEST_CASE("of a target only the path is shown to others, however damaged it is") {
  CHECK(path_of("/latte/cups?token=secret") == "/latte/cups");
  CHECK(path_of("http://user:secret@localhost/latte?x") == "/latte");
  CHECK(path_of("http://user:secret@localhost") == "/");
  CHECK(path_of("*") == "*");
  for (const char* target : {"user:secret@localhost:443", "", "?token=secret", "#x", "\x16\x03"})
    CHECK(path_of(target).empty());
}

TEST_CASE("only known hosts are answered for") {
  const AccessRules rules({"coffee.example"}, "127.0.0.1");
  for (const char* host : {"localhost", "LOCALHOST:2633", "127.0.0.1:1", "[::1]:2633", "coffee.example"})
    CHECK_FALSE(rules.check("/x", host, "", ""));
  CHECK(rules.check("/x", "evil.example", "", "").status == 421);
  CHECK(rules.check("/x", "localhost.evil.example", "", "").status == 421);
  CHECK(rules.check("http://evil.example/x", "localhost", "", "").status == 421);
  for (const char* host :
       {"user@localhost", "localhost/x", "localhost:port", "local host", "[::1", "localhost:123456"})
    CHECK(rules.check("/x", host, "", "").status == 400);
}

TEST_CASE("a server on all addresses answers for addresses, not for names, one on loopback for neither") {
  for (const char* bound : {"0.0.0.0", "::"}) {
    const AccessRules open({}, bound);
    for (const char* host : {"172.17.0.2", "192.168.1.5:2633", "[2001:db8::1]:2633", "localhost"})
      CHECK_FALSE(open.check("/x", host, "", ""));
    for (const char* host : {"evil.example", "1.2.3.4.evil.example", "1.2.3", "0x7f.0.0.1", "010.0.0.1",
                             "2130706433", "1.2.3.4.", "[1.2.3.4]", "[]", "[fe80::1]x"})
      CHECK(open.check("/x", host, "", ""));
    CHECK(open.check("/x", "192.168.1.5:2633", "http://192.168.1.6:2633", "").status == 403);
    CHECK(open.check("/x", "192.168.1.5:2633", "", "cross-site").status == 403);
  }
  for (const char* bound : {"127.0.0.1", "::1", "localhost", "192.168.1.5"})
    for (const char* host : {"172.17.0.2", "0.0.0.0:2633", "[::]", "[2001:db8::1]"})
      CHECK(AccessRules({}, bound).check("/x", host, "", "").status == 421);
}

TEST_CASE("web pages of other origins are refused, programs and the server's own pages are not") {
  const AccessRules rules({}, "127.0.0.1");
  CHECK_FALSE(rules.check("/x", "localhost:2633", "", ""));
  CHECK_FALSE(rules.check("/x", "localhost:2633", "http://localhost:2633", "same-origin"));
  CHECK_FALSE(rules.check("/x", "localhost:2633", "", "none"));
  CHECK(rules.check("/x", "localhost:2633", "https://evil.example", "").status == 403);
  CHECK(rules.check("/x", "localhost:2633", "http://localhost:5173", "").status == 403);
  CHECK(rules.check("/x", "localhost:2633", "null", "").status == 403);
  CHECK(rules.check("/x", "localhost:2633", "", "cross-site").status == 403);
  CHECK(rules.check("/x", "localhost:2633", "", "same-site").status == 403);
}

TEST_CASE("a listed origin is let through for its functions, * for all, and the hint names the key") {
  const AccessRules rules({}, "127.0.0.1",
                          Origins({"http://localhost:3000"}, {{"latte", {"*"}}, {"pi", {"app://pi"}}}));
  CHECK_FALSE(rules.check("/x", "localhost", "http://localhost:3000", "same-site", "espresso"));
  CHECK_FALSE(rules.check("/x", "localhost", "http://localhost:3000", "cross-site", ""));
  CHECK_FALSE(rules.check("/x", "localhost", "https://evil.example", "cross-site", "latte"));
  CHECK_FALSE(rules.check("/x", "localhost", "", "cross-site", "latte"));
  CHECK_FALSE(rules.check("/x", "localhost", "app://pi", "", "pi"));
  CHECK(rules.check("/x", "localhost", "app://pi", "", "espresso").status == 403);
  CHECK(rules.check("/x", "localhost", "", "cross-site", "pi").status == 403);
  CHECK(rules.check("/x", "localhost", "*", "", "pi").status == 403);
  const Refusal refusal = rules.check("/x", "localhost", "https://evil.example", "", "pi");
  CHECK(refusal.status == 403);
  CHECK(refusal.hint.find("https://evil.example") != std::string::npos);
  CHECK(refusal.hint.find("`origins`") != std::string::npos);
  CHECK(rules.check("/x", "evil.example", "http://localhost:3000", "", "pi").status == 421);
}

TEST_CASE("https of the same host is its own origin, and a usual port goes without saying") {
  const AccessRules rules({"coffee.example"}, "127.0.0.1");
  CHECK_FALSE(rules.check("/x", "coffee.example", "https://coffee.example", ""));
  CHECK_FALSE(rules.check("/x", "coffee.example:443", "https://coffee.example", ""));
  CHECK_FALSE(rules.check("/x", "coffee.example:80", "http://coffee.example", ""));
  CHECK_FALSE(rules.check("/x", "[::1]:8443", "https://[::1]:8443", ""));
  for (const char* origin : {"https://coffee.example:8443", "https://", "http://", "https://:443",
                             "coffee.example", "https://coffee.example.evil.example", "wss://coffee.example"})
    CHECK(rules.check("/x", "coffee.example", origin, "").status == 403);
}
