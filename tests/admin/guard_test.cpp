#include "admin/guard.h"

#include "admin/json_reply.h"
#include "catch.h"

using namespace coffees::admin;

namespace {

httplib::Request request(const std::string& host = "localhost:2634") {
  httplib::Request made;
  made.method = "GET";
  made.path = made.target = "/metrics";
  made.set_header("Host", host);
  return made;
}

// The status that a request is refused with; 0: it may go on.
int refusal(const httplib::Request& request, const GuardSettings& settings = {}) {
  httplib::Response response;
  if (admit(settings, request, response)) return 0;
  const Json problem = Json::parse(response.body);
  CHECK(problem["status"] == response.status);
  CHECK_FALSE(problem["detail"].get<std::string>().empty());
  return response.status;
}

int refusal_with(const std::string& name, const std::string& value) {
  httplib::Request asking = request();
  asking.headers.emplace(name, value);
  return refusal(asking);
}

}  // namespace

TEST_CASE("who is on this machine may ask") {
  for (const char* host : {"localhost:2634", "127.0.0.1:2634", "[::1]:2634", "localhost"})
    CHECK(refusal(request(host)) == 0);
}

TEST_CASE("a foreign host is misdirected, a foreign origin forbidden") {
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:2634"})
    CHECK(refusal(request(host)) == 421);
  for (const char* origin : {"http://evil.example", "null", "https://localhost.evil.example"})
    CHECK(refusal_with("Origin", origin) == 403);
  CHECK(refusal_with("Sec-Fetch-Site", "cross-site") == 403);
  CHECK(refusal_with("Sec-Fetch-Site", "none") == 0);
}

TEST_CASE("exactly one Host field") {
  httplib::Request none;
  none.path = none.target = "/metrics";
  CHECK(refusal(none) == 400);
  CHECK(refusal_with("Host", "localhost") == 400);
}

TEST_CASE("lengths that the library would repair are refused") {
  CHECK(refusal_with("Content-Length", "5") == 0);
  for (const char* length : {"", "-1", "+5", "5 5", "0x5", "5,5", "1e3"})
    CHECK(refusal_with("Content-Length", length) == 400);
  CHECK(refusal_with("Content-Length", "1000000") == 413);
  CHECK(refusal_with("Content-Length", "18446744073709551616") == 413);
  httplib::Request twice = request();
  twice.headers.emplace("Content-Length", "5");
  twice.headers.emplace("content-length", "5");
  CHECK(refusal(twice) == 400);
  CHECK(refusal_with("Transfer-Encoding", "chunked") == 411);
  CHECK(refusal_with("transfer-encoding", "identity") == 411);
  CHECK(refusal_with("Content-Encoding", "gzip") == 415);
}

TEST_CASE("fields that are not well formed, and too many or too long ones, are refused") {
  CHECK(refusal_with("X-A", "a\r\nX-B: b") == 400);
  CHECK(refusal_with("X A", "b") == 400);
  httplib::Request many = request();
  for (int i = 0; i < 64; ++i) many.headers.emplace("X-A", "b");
  CHECK(refusal(many) == 431);
  httplib::Request lengthy = request();
  lengthy.path = "/" + std::string(300, 'a');
  CHECK(refusal(lengthy) == 414);
  httplib::Request zero = request();
  zero.path = std::string("/metrics\0x", 10);
  CHECK(refusal(zero) == 400);
}

TEST_CASE("with a token nothing but /healthz is told to one who does not know it") {
  GuardSettings settings;
  settings.token = "espresso-please";
  httplib::Request asking = request();
  CHECK(refusal(asking, settings) == 401);
  for (const char* wrong : {"Bearer espresso-pleas", "Bearer espresso-pleasE", "Bearer espresso-please2",
                            "Bearer ", "espresso-please", "Basic espresso-please", "bearer"}) {
    httplib::Request trying = request();
    trying.set_header("Authorization", wrong);
    CHECK(refusal(trying, settings) == 401);
  }
  asking.set_header("Authorization", "Bearer espresso-please");
  CHECK(refusal(asking, settings) == 0);
  httplib::Request health = request();
  health.path = health.target = "/healthz";
  CHECK(refusal(health, settings) == 0);
  httplib::Response response;
  CHECK_FALSE(admit(settings, request(), response));
  CHECK(response.get_header_value("WWW-Authenticate") == "Bearer");
  CHECK(Json::parse(response.body)["hint"].get<std::string>().find("COFFEES_ADMIN_TOKEN") !=
        std::string::npos);
}

TEST_CASE("a token does not open the door to foreign hosts and origins") {
  GuardSettings settings;
  settings.token = "t";
  httplib::Request asking = request("evil.example");
  asking.set_header("Authorization", "Bearer t");
  CHECK(refusal(asking, settings) == 421);
}
