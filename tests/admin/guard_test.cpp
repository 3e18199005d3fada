#include "admin/guard.h"

#include "catch.h"

using namespace coffees;
using namespace coffees::admin;

namespace {

// Why a request with these fields is refused; status 0: it is not.
http::Refusal refusal(const std::string& fields, const GuardSettings& settings = {},
                      const std::string& target = "/metrics") {
  http::Request request(64 * 1024, RequestIdSource(SystemClock()).make(), nullptr);
  const std::string head = "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n";
  ErrorCode error;
  request.parser.put(asio::buffer(head), error);
  REQUIRE_FALSE(request.parser.check_fields());
  request.target = http::split_target("GET", request.parser.target);
  return check(settings, request);
}

int status_with(const std::string& field) { return refusal("Host: localhost:2634\r\n" + field).status(); }

}  // namespace

TEST_CASE("who is on this machine may ask") {
  for (const char* host : {"localhost:2634", "127.0.0.1:2634", "[::1]:2634", "localhost"})
    CHECK_FALSE(refusal(std::string("Host: ") + host + "\r\n"));
}

TEST_CASE("a foreign host is misdirected, a foreign origin forbidden") {
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:2634"})
    CHECK(refusal(std::string("Host: ") + host + "\r\n").status() == 421);
  for (const char* origin : {"http://evil.example", "null", "https://localhost.evil.example"})
    CHECK(status_with(std::string("Origin: ") + origin + "\r\n") == 403);
  CHECK(status_with("Sec-Fetch-Site: cross-site\r\n") == 403);
  CHECK(status_with("Sec-Fetch-Site: none\r\n") == 0);
  CHECK(refusal("Host: localhost\r\n", {}, "http://evil.example/metrics").status() == 421);
}

TEST_CASE("bodies in forms that are not read here are refused") {
  CHECK(status_with("Content-Length: 5\r\n") == 0);
  CHECK(status_with("Transfer-Encoding: chunked\r\n") == 411);
  CHECK(status_with("Content-Encoding: gzip\r\nContent-Length: 2\r\n") == 415);
  CHECK(status_with("Content-Type: Multipart/form-data; boundary=b\r\nContent-Length: 2\r\n") == 415);
}

TEST_CASE("with a token nothing but /healthz is told to one who does not know it") {
  GuardSettings settings;
  settings.token = "espresso-please";
  const std::string host = "Host: localhost\r\n";
  CHECK(refusal(host, settings).status() == 401);
  CHECK(refusal(host, settings).hint.find("COFFEES_ADMIN_TOKEN") != std::string::npos);
  for (const char* wrong : {"Bearer espresso-pleas", "Bearer espresso-pleasE", "Bearer espresso-please2",
                            "Bearer ", "espresso-please", "Basic espresso-please", "bearer"})
    CHECK(refusal(host + "Authorization: " + wrong + "\r\n", settings).status() == 401);
  CHECK_FALSE(refusal(host + "Authorization: Bearer espresso-please\r\n", settings));
  CHECK_FALSE(refusal(host, settings, "/healthz"));
}

TEST_CASE("a token does not open the door to foreign hosts and origins") {
  GuardSettings settings;
  settings.token = "t";
  CHECK(refusal("Host: evil.example\r\nAuthorization: Bearer t\r\n", settings).status() == 421);
}
