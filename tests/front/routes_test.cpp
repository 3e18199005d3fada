#include "front/routes.h"

#include "catch.h"

using namespace coffees::front;

namespace {

Route route(std::string_view method, std::string_view target) {
  return coffees::front::route(method, coffees::http::split_target(method, target));
}

int refused(std::string_view method, std::string_view target) {
  return route(method, target).refusal.status();
}

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
