// Web pages of other origins: who may call, what browsers are told, and what is refused. By raw socket, and
// by curl as a browser's stand-in that people use.
#include <array>
#include <cstdio>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;

namespace {

const std::string kShop = "http://localhost:3000";
const std::string kEvil = "https://evil.example";

std::string configuration() {
  return "[server]\norigins = [\"" + kShop + "\"]\nhosts = [\"coffee.example\"]\n" +
         function("espresso", menu("espresso")) +
         function("partner", fixture("carried"), "origins = [\"https://partner.example\"]") +
         function("open", fixture("carried"), "origins = [\"*\"]");
}

Response ask(const Server& server, const std::string& method, const std::string& target,
             const std::string& fields, const std::string& host = "localhost") {
  Client client(server.port());
  client.send(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\n" + fields +
              "\r\n");
  return client.receive(method == "HEAD");
}

std::string origin(const std::string& name) { return "Origin: " + name + "\r\n"; }

std::string preflight(const std::string& name) {
  return origin(name) +
         "Access-Control-Request-Method: PUT\r\n"
         "Access-Control-Request-Headers: content-type, x-mine\r\n";
}

bool says_anything_about_origins(const Response& response) {
  for (const auto& [name, value] : response.headers)
    if (name.starts_with("access-control-")) return true;
  return false;
}

// What curl -i prints: status line, head, body.
std::string curl(const Server& server, const std::string& arguments) {
  const std::string command =
      "curl -s -i --noproxy '*' " + arguments + " http://localhost:" + std::to_string(server.port());
  FILE* pipe = ::popen((command + "/espresso").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> bytes{};
  while (const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), pipe))
    out.append(bytes.data(), count);
  ::pclose(pipe);
  return out;
}

bool has(const std::string& text, const std::string& line) {
  return text.find("\r\n" + line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a page of a listed origin gets its answer, with credentials, and may read it") {
  Server server(configuration());
  for (const char* method : {"GET", "POST", "HEAD"}) {
    const Response response = ask(server, method, "/espresso", origin(kShop) + "Cookie: a=b\r\n");
    CHECK(response.status == 200);
    CHECK(response.header("access-control-allow-origin") == kShop);
    CHECK(response.header("access-control-allow-credentials") == "true");
    CHECK(response.header("vary") == "Origin");
    CHECK(response.header("access-control-expose-headers").find("X-Request-Id") != std::string::npos);
  }
  // A browser says so, too.
  CHECK(ask(server, "GET", "/espresso", origin(kShop) + "Sec-Fetch-Site: same-site\r\n").status == 200);
}

TEST_CASE(
    "a page of an unlisted origin is refused, is told nothing it could read, and the hint names the key") {
  Server server(configuration());
  for (const std::string& name : {kEvil, std::string("null"), kShop + "0", kShop + ".evil.example",
                                  std::string("https://localhost:3000"), std::string("http://127.0.0.1"),
                                  kShop + "/", std::string("*")}) {
    INFO(name);
    const Response response = ask(server, "POST", "/espresso", origin(name));
    CHECK(response.status == 403);
    CHECK(response.json()["code"] == "cross_site");
    CHECK(response.json()["hint"].get<std::string>().find("`origins`") != std::string::npos);
    CHECK_FALSE(response.headers.contains("access-control-allow-origin"));
    CHECK(response.header("vary") == "Origin");
  }
  CHECK(ask(server, "POST", "/espresso", origin(kEvil) + origin(kShop)).status == 403);
  CHECK(ask(server, "GET", "/espresso", "Sec-Fetch-Site: cross-site\r\n").status == 403);
}

TEST_CASE("a preflight of a listed origin is answered without a worker, one of another is refused") {
  Server server(configuration());
  const Response granted = ask(server, "OPTIONS", "/espresso", preflight(kShop));
  CHECK(granted.status == 204);
  CHECK(granted.header("access-control-allow-origin") == kShop);
  CHECK(granted.header("access-control-allow-credentials") == "true");
  CHECK(granted.header("access-control-allow-methods").find("PUT") != std::string::npos);
  CHECK(granted.header("access-control-allow-headers") == "content-type, x-mine");
  CHECK(granted.header("access-control-max-age") == "600");
  CHECK_FALSE(granted.headers.contains("access-control-allow-private-network"));
  CHECK(server.workers().empty());
  const Response local = ask(server, "OPTIONS", "/espresso",
                             preflight(kShop) + "Access-Control-Request-Private-Network: true\r\n");
  CHECK(local.header("access-control-allow-private-network") == "true");
  const Response refused = ask(server, "OPTIONS", "/espresso", preflight(kEvil));
  CHECK(refused.status == 403);
  CHECK_FALSE(says_anything_about_origins(refused));
  // OPTIONS without a preflight's fields stays what it was.
  CHECK_FALSE(ask(server, "OPTIONS", "/espresso", {}).headers.contains("access-control-allow-methods"));
}

TEST_CASE("a function's own origins come on top of the server's, and count for it alone") {
  Server server(configuration());
  const std::string partner = "https://partner.example";
  CHECK(ask(server, "GET", "/partner", origin(partner)).status == 200);
  CHECK(ask(server, "GET", "/partner", origin(kShop)).status == 200);
  CHECK(ask(server, "GET", "/espresso", origin(partner)).status == 403);
  CHECK(ask(server, "OPTIONS", "/partner/x", preflight(partner)).header("access-control-allow-origin") ==
        partner);
  CHECK(ask(server, "OPTIONS", "/espresso", preflight(partner)).status == 403);
  CHECK(ask(server, "GET", "/healthz", origin(kShop)).status == 200);
}

TEST_CASE("* lets every page call, without credentials") {
  Server server(configuration());
  for (const std::string& name : {kEvil, std::string("null")}) {
    const Response response = ask(server, "GET", "/open", origin(name) + "Sec-Fetch-Site: cross-site\r\n");
    CHECK(response.status == 200);
    CHECK(response.header("access-control-allow-origin") == "*");
    CHECK_FALSE(response.headers.contains("access-control-allow-credentials"));
    CHECK(response.header("vary") == "Origin");
  }
  // An image or a link carries no Origin.
  CHECK(ask(server, "GET", "/open", "Sec-Fetch-Site: cross-site\r\n").status == 200);
  // One that is listed by name as well keeps its credentials.
  CHECK(ask(server, "GET", "/open", origin(kShop)).header("access-control-allow-credentials") == "true");
  CHECK(ask(server, "OPTIONS", "/open", preflight(kEvil)).header("access-control-allow-origin") == "*");
}

TEST_CASE("answers of every kind can be read by a page that may call, errors and refusals included") {
  Server server("[server]\nmax_body = \"1KiB\"\norigins = [\"" + kShop + "\"]\n" +
                function("misbehave", fixture("misbehave")));
  CHECK(ask(server, "GET", "/nothing", origin(kShop)).header("access-control-allow-origin") == kShop);
  Client client(server.port());
  const Response crashed = client.request("POST", "/misbehave", R"({"do":"abort"})", origin(kShop));
  CHECK(crashed.status == 502);
  CHECK(crashed.header("access-control-allow-origin") == kShop);
  const Response too_large = client.request("POST", "/misbehave", std::string(2000, 'x'), origin(kShop));
  CHECK(too_large.status == 413);
  CHECK(too_large.header("access-control-allow-origin") == kShop);
}

TEST_CASE("where origins are configured a handler cannot widen them, and no field stands twice") {
  Server server(configuration());
  const std::string answer =
      R"(X-Answer: {"headers":{"Access-Control-Allow-Origin":"*","Access-Control-Allow-Credentials":"no",)"
      R"("Access-Control-Expose-Headers":"X-Mine","Vary":"Accept"}})"
      "\r\n";
  Client client(server.port());
  client.send("GET /partner HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + origin(kShop) + answer +
              "\r\n");
  const Response response = client.receive();
  // The client keeps the last of several fields: the handler's came behind ours and are not there.
  CHECK(response.header("access-control-allow-origin") == kShop);
  CHECK(response.header("access-control-allow-credentials") == "true");
  CHECK(response.header("access-control-expose-headers") == "X-Mine");
  CHECK(response.header("vary") == "Accept");
}

TEST_CASE("https of the same host is no foreign origin: a proxy that ends TLS stands before the server") {
  Server server(configuration());
  CHECK(ask(server, "POST", "/espresso", origin("https://coffee.example"), "coffee.example").status == 200);
  CHECK(ask(server, "POST", "/espresso", origin("https://coffee.example"), "coffee.example:443").status ==
        200);
  CHECK(ask(server, "POST", "/espresso", origin("http://coffee.example"), "coffee.example:80").status == 200);
  CHECK(ask(server, "POST", "/espresso", origin("https://localhost:8443"), "localhost:8443").status == 200);
  CHECK(ask(server, "POST", "/espresso", origin("https://other.example"), "coffee.example").status == 403);
  CHECK(ask(server, "POST", "/espresso", origin("ftp://coffee.example"), "coffee.example").status == 403);
  CHECK(ask(server, "POST", "/espresso", origin("https://coffee.example:80"), "coffee.example").status ==
        403);
  // Without any origins configured nothing is said about them, as ever.
  Server plain("[server]\nhosts = [\"coffee.example\"]\n" + function("espresso", menu("espresso")));
  const Response own = ask(plain, "POST", "/espresso", origin("https://coffee.example"), "coffee.example");
  CHECK(own.status == 200);
  CHECK_FALSE(own.headers.contains("vary"));
  CHECK_FALSE(says_anything_about_origins(own));
}

TEST_CASE("curl sees the same: simple request, preflight and credentials, listed and unlisted") {
  Server server(configuration());
  const std::string simple = curl(server, "-H 'Origin: " + kShop + "' -b a=b -d hello");
  CHECK(simple.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(simple, "Access-Control-Allow-Origin: " + kShop));
  CHECK(has(simple, "Access-Control-Allow-Credentials: true"));
  CHECK(has(simple, "Vary: Origin"));
  CHECK(simple.ends_with("\r\n\r\nhello"));
  const std::string asked = curl(server, "-X OPTIONS -H 'Origin: " + kShop +
                                             "' -H 'Access-Control-Request-Method: POST' -H "
                                             "'Access-Control-Request-Headers: x-mine'");
  CHECK(asked.starts_with("HTTP/1.1 204 "));
  CHECK(has(asked, "Access-Control-Allow-Headers: x-mine"));
  for (const char* what : {"-b a=b -d hello", "-X OPTIONS -H 'Access-Control-Request-Method: POST'"}) {
    const std::string refused = curl(server, "-H 'Origin: " + kEvil + "' " + what);
    CHECK(refused.starts_with("HTTP/1.1 403 "));
    CHECK(refused.find("Access-Control-Allow-Origin") == std::string::npos);
    CHECK(refused.find("`origins`") != std::string::npos);
  }
}
