// What clients, proxies and handlers say is carried as it is, or refused in words.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

std::string mirror(const std::string& server_keys = {}, const std::string& keys = {}) {
  return "[server]\n" + server_keys + "\n" + function("mirror", fixture("carried"), keys);
}

Response ask(const Server& server, const std::string& fields, const std::string& method = "GET",
             const std::string& body = {}) {
  return Client(server.port()).request(method, "/mirror", body, fields);
}

// The answer to a request that asks the mirror for this one.
Response answered_with(const Server& server, const json& answer, const std::string& method = "GET") {
  return ask(server, "X-Answer: " + answer.dump() + "\r\n", method);
}

// An answer over IPv6; empty where no connection comes about.
std::string over_ipv6(int port, const std::string& request) {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  address.sin6_addr = in6addr_loopback;
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    std::array<char, 4096> bytes{};
    for (ssize_t count = 0; (count = ::recv(fd, bytes.data(), bytes.size(), 0)) > 0;)
      answer.append(bytes.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
  return answer;
}

// Whether this machine has an address ::1.
bool has_ipv6() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

const std::string kGetClosing = "GET /mirror HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

}  // namespace

TEST_CASE("an encoded body is handed on as it came, with its header") {
  Server server(mirror());
  const Response response =
      ask(server, "Content-Encoding: gzip\r\n", "POST", std::string("\x1f\x8b\x08\0", 4));
  CHECK(response.status == 200);
  CHECK(response.json()["body_bytes"] == 4);
  CHECK(response.json()["headers"]["Content-Encoding"] == "gzip");
}

TEST_CASE("the answer to HEAD has the length that a GET would have, also one that the handler says") {
  Server server(mirror());
  CHECK(
      answered_with(server, {{"headers", {{"Content-Length", "12345"}}}}, "HEAD").header("content-length") ==
      "12345");
  CHECK(answered_with(server, {{"body", "hello"}}, "HEAD").header("content-length") == "5");
  CHECK(answered_with(server, {{"body", "hello"}, {"headers", {{"Content-Length", "7"}}}}, "HEAD")
            .header("content-length") == "5");
  // Neither body nor length: then nobody knows.
  CHECK_FALSE(answered_with(server, json::object(), "HEAD").headers.contains("content-length"));
  for (const char* nonsense : {"-1", "5, 5", "0x10", "99999999999999999999999", ""})
    CHECK_FALSE(answered_with(server, {{"headers", {{"Content-Length", nonsense}}}}, "HEAD")
                    .headers.contains("content-length"));
  // For other methods what is sent is what counts.
  CHECK(answered_with(server, {{"body", "hello"}, {"headers", {{"Content-Length", "7"}}}}).body == "hello");
  Client kept(server.port());
  for (int i = 0; i < 2; ++i)
    CHECK(kept.request("HEAD", "/mirror", {}, "X-Answer: {\"headers\":{\"Content-Length\":\"99\"}}\r\n")
              .status == 200);
}

TEST_CASE("header() replaces the Content-Type that json() has set, whatever its case") {
  Server server(mirror());
  for (const char* name : {"Content-Type", "content-type"}) {
    Client client(server.port());
    client.send("GET /mirror HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Answer: " +
                json{{"json", true}, {"headers", {{name, "application/hal+json"}}}}.dump() + "\r\n\r\n");
    const Response response = client.receive();
    CHECK(response.header("content-type") == "application/hal+json");
    CHECK(response.body == R"({"a":1})");
  }
}

TEST_CASE("what a handler may answer is what HTTP allows: no content where there is none, and any status") {
  Server server(mirror());
  Client kept(server.port());
  const auto answer = [&](const json& what, bool head = false) {
    kept.send("GET /mirror HTTP/1.1\r\nHost: localhost\r\nX-Answer: " + what.dump() + "\r\n\r\n");
    return kept.receive(head);
  };
  const Response reset = answer({{"status", 205}, {"body", "hello"}});
  CHECK(reset.status == 205);
  CHECK(reset.header("content-length") == "0");
  for (const int status : {204, 304}) {
    const Response nothing = answer({{"status", status}, {"body", "hello"}});
    CHECK(nothing.status == status);
    CHECK_FALSE(nothing.headers.contains("content-length"));
  }
  CHECK(answer({{"status", 299}, {"body", "hello"}}).body == "hello");
  CHECK(answer({{"status", 599}, {"body", "hello"}}).body == "hello");
  for (const int status : {100, 101, 103, 199, 600, 1000, -1}) {
    const Response refused = answer({{"status", status}});
    CHECK(refused.status == 500);
    CHECK(refused.json()["detail"].get<std::string>().find("200 to 599") != std::string::npos);
  }
  CHECK(answer({{"body", "still in step"}}).body == "still in step");
}

TEST_CASE("a status that has no name gets an empty phrase") {
  Server server(mirror());
  Client client(server.port());
  client.send(
      "GET /mirror HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Answer: {\"status\":299}\r\n\r\n");
  CHECK(client.receive_line() == "HTTP/1.1 299 ");  // the space stays (RFC 9112 section 4)
}

TEST_CASE("a handler learns its client's address, and X-Forwarded-For counts from trusted proxies only") {
  const std::string forwarded = "X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\n";
  Server plain(mirror());
  CHECK(ask(plain, {}).json()["client"] == "127.0.0.1");
  CHECK(ask(plain, forwarded).json()["client"] == "127.0.0.1");
  Server behind(mirror("trusted_proxies = [\"127.0.0.0/8\", \"198.51.100.0/24\", \"2001:db8::/32\"]"));
  const auto client = [&](const std::string& value) {
    return ask(behind, "X-Forwarded-For: " + value + "\r\n").json()["client"].get<std::string>();
  };
  CHECK(ask(behind, {}).json()["client"] == "127.0.0.1");
  CHECK(client("203.0.113.9, 198.51.100.7") == "203.0.113.9");
  CHECK(client("6.6.6.6, 203.0.113.9, 198.51.100.7") == "203.0.113.9");  // the first is what anybody can say
  CHECK(client("203.0.113.9:4711") == "203.0.113.9");
  CHECK(client("[2001:db9::1]:443, 2001:db8::5") == "2001:db9::1");
  CHECK(client("::ffff:203.0.113.9") == "203.0.113.9");
  CHECK(client("198.51.100.7") == "198.51.100.7");
  CHECK(client("203.0.113.9, unknown") == "127.0.0.1");
  CHECK(client("203.0.113.9, unknown, 198.51.100.7") == "198.51.100.7");
  CHECK(client("") == "127.0.0.1");
  CHECK(ask(behind, "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.9\r\n").json()["client"] ==
        "203.0.113.9");
}

TEST_CASE("a client's X-Request-Id is adopted, one that is no id is not") {
  Server server(mirror());
  for (const std::string& id : {std::string("a"), std::string("my-Trace_1.2"), std::string(36, 'x')}) {
    const Response response = ask(server, "X-Request-Id: " + id + "\r\n");
    CHECK(response.header("x-request-id") == id);
    CHECK(response.json()["request_id"] == id);
    CHECK(eventually([&] { return server.errors().find("  " + id + "\n") != std::string::npos; }));
  }
  for (const std::string& bad : {std::string(37, 'x'), std::string("a b"), std::string("a/b"),
                                 std::string("\xc3\xa4"), std::string("a,b"), std::string()}) {
    const Response response = ask(server, "X-Request-Id: " + bad + "\r\n");
    CHECK(response.header("x-request-id").size() == 36);
    CHECK(response.header("x-request-id") != bad);
  }
  CHECK(ask(server, "X-Request-Id: one\r\nX-Request-Id: two\r\n").header("x-request-id").size() == 36);
}

TEST_CASE("an id that is in flight or was adopted lately gets a new one, and both are told") {
  Server server(mirror({}, {}) + function("latte", menu("latte")));
  EventStream stream(server.admin_port(), "?types=invocation");
  CHECK(ask(server, "X-Request-Id: once\r\n").header("x-request-id") == "once");
  const Response again = ask(server, "X-Request-Id: once\r\n");
  const std::string fresh = again.header("x-request-id");
  CHECK(fresh.size() == 36);
  CHECK(again.json()["headers"]["X-Request-Id"] == "once");
  const auto events = stream.until([&](const ServerEvent& event) {
    return event.event == "invocation.finished" && event.data["request_id"] == fresh;
  });
  REQUIRE_FALSE(events.empty());
  CHECK(events.back().data["given_request_id"] == "once");
  CHECK(eventually([&] { return server.errors().find(fresh + " (given once)") != std::string::npos; }));
  // The id of a request that is under way, ours or the client's: a function that calls another one here.
  std::thread slow([&] { post(server.port(), "/latte", R"({"ms":600})"); });
  const auto started =
      stream.until([](const ServerEvent& event) { return event.data.value("function", "") == "latte"; });
  REQUIRE_FALSE(started.empty());
  const std::string busy = started.back().data["request_id"];
  CHECK(ask(server, "X-Request-Id: " + busy + "\r\n").header("x-request-id") != busy);
  slow.join();
  CHECK(ask(server, "X-Request-Id: " + busy + "\r\n").header("x-request-id") == busy);
  // One of them is the beginning of others: all of it means that one alone.
  CHECK(ask(server, "X-Request-Id: on\r\n").header("x-request-id") == "on");
  const json found = get(server.admin_port(), "/api/v1/invocations/on").json();
  REQUIRE(found["events"].is_array());
  for (const json& event : found["events"]) CHECK(event["request_id"] == "on");
}

TEST_CASE("of the adopted ids the last 4,096 are remembered") {
  Server server(mirror());
  Client client(server.port());
  const auto is_adopted = [&](const std::string& id) {
    return client.request("GET", "/healthz", {}, "X-Request-Id: " + id + "\r\n").header("x-request-id") == id;
  };
  for (int i = 0; i < 4096; ++i) REQUIRE(is_adopted("id-" + std::to_string(i)));
  CHECK_FALSE(is_adopted("id-0"));
  CHECK(is_adopted("one-more"));  // takes the place of the oldest
  CHECK(is_adopted("id-0"));
  CHECK_FALSE(is_adopted("id-2"));
}

TEST_CASE("a client that leaves while its request waits for a worker leaves the queue") {
  Server server(
      function("latte", menu("latte"), "timeout = \"20s\"\nlimit = 1\nqueue = 1\nqueue_timeout = \"20s\""));
  EventStream stream(server.admin_port(), "?types=invocation");
  const auto wait_for = [&](const std::string& type) {
    const auto events = stream.until([&](const ServerEvent& event) { return event.event == type; });
    REQUIRE_FALSE(events.empty());
    return events.back().data;
  };
  Client busy(server.port());
  busy.send("POST /latte HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n{\"ms\":3000}");
  wait_for("invocation.started");
  for (const bool pipelined : {false, true}) {
    std::optional<Client> leaving;
    leaving.emplace(server.port());
    const std::string request =
        "POST /latte HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n{\"ms\":1}";
    leaving->send(pipelined ? request + request : request);
    wait_for("invocation.queued");
    leaving.reset();
    const json gone = wait_for("invocation.finished");
    CHECK(gone["outcome"] == "client_gone");
    CHECK_FALSE(gone.contains("worker"));
  }
  // Its place is free for somebody else, who waits and is served.
  CHECK(post(server.port(), "/latte", R"({"ms":1})").status == 200);
  CHECK(busy.receive().status == 200);
}

TEST_CASE("a client that half-closes while it waits is told so, one whose request runs is answered") {
  Server server(
      function("latte", menu("latte"), "timeout = \"20s\"\nlimit = 1\nqueue = 2\nqueue_timeout = \"20s\""));
  EventStream stream(server.admin_port(), "?types=invocation");
  Client first(server.port());
  first.send("POST /latte HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n{\"ms\":1500}");
  stream.until([](const ServerEvent& event) { return event.event == "invocation.started"; });
  first.shut_down_sending();
  Client second(server.port());
  second.send("POST /latte HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n{\"ms\":1}");
  second.shut_down_sending();
  const Response told = second.receive();
  CHECK(told.status == 503);
  CHECK(told.json()["code"] == "client_gone");
  CHECK(first.receive().status == 200);
}

TEST_CASE("requests are pipelined while the first of them waits in the queue") {
  Server server(
      function("latte", menu("latte"), "timeout = \"20s\"\nlimit = 1\nqueue = 1\nqueue_timeout = \"20s\""));
  EventStream stream(server.admin_port(), "?types=invocation");
  std::thread busy([&] { post(server.port(), "/latte", R"({"ms":500})"); });
  stream.until([](const ServerEvent& event) { return event.event == "invocation.started"; });
  Client client(server.port());
  std::string all;
  for (int i = 0; i < 5; ++i)
    all +=
        "POST /latte HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n{\"ms\":" + std::to_string(i) +
        "}";
  client.send(all);
  for (int i = 0; i < 5; ++i) CHECK(client.receive().status == 200);
  busy.join();
}

TEST_CASE("a body that is no JSON is the client's mistake where the handler asked for JSON") {
  Server server(mirror());
  const std::vector<std::string> bodies{"{",        "{\"a\":}", "nonsense",    "{}{}",
                                        "\"\xff\"", "[1,]",     "\xef\xbb\xbf"};
  for (int round = 0; round < 3; ++round)  // more often than a breaker would take it
    for (const std::string& body : bodies) {
      INFO(body);
      const Response response = ask(server, "X-Parse: body\r\n", "POST", body);
      CHECK(response.status == 400);
      CHECK(response.header("content-type") == "application/problem+json");
      CHECK_FALSE(response.headers.contains("x-coffees-error"));
      const json problem = response.json();
      CHECK(problem["code"] == "bad_json");
      CHECK(problem["status"] == 400);
      CHECK(problem["request_id"] == response.header("x-request-id"));
      CHECK(problem["function"] == "mirror");
      CHECK(problem["detail"].get<std::string>().starts_with("the body is not JSON: "));
    }
  CHECK(ask(server, "X-Parse: body\r\n", "POST", "").status == 200);
  CHECK(ask(server, "X-Parse: body\r\n", "POST", "[1]").json()["parsed"] == json::array({1}));
  const Response encoded = ask(server, "X-Parse: body\r\nContent-Encoding: gzip\r\n", "POST", "\x1f\x8b");
  CHECK(encoded.json()["hint"].get<std::string>().find("gzip") != std::string::npos);
  // What the handler parses besides is its own.
  const Response other = ask(server, "X-Parse: other\r\n");
  CHECK(other.status == 500);
  CHECK(other.header("x-coffees-error") == "handler_error");
  const std::string metrics = get(server.admin_port(), "/metrics").body;
  CHECK(metrics.find("faas_errors_total{faas_name=\"mirror\",faas_trigger=\"http\"} 1\n") !=
        std::string::npos);
}

TEST_CASE("`coffees invoke` with a body that is no JSON prints the problem and ends with 0") {
  Server server(function("latte", menu("latte")));
  const CommandResult result = run_coffees({"invoke", "latte", "-d", "{oops", "--server", server.url()});
  CHECK(result.exit_code == 0);
  CHECK(json::parse(result.out)["code"] == "bad_json");
}

TEST_CASE("how slowly a body may come is configured, and so is how long a refused client is listened to") {
  Server server(mirror("min_upload = \"1GiB/s\"\nlinger = \"0s\""));
  Client slow(server.port());
  slow.send("POST /mirror HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx");
  // The 10 s that every body has, and no more.
  const Response refused = slow.receive();
  CHECK(refused.status == 408);
  CHECK(refused.json()["hint"].get<std::string>().find("min_upload") != std::string::npos);
  CHECK(slow.closed_by_server(500));
  Client wrong(server.port());
  wrong.send("BREW /mirror HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(wrong.receive().status == 501);
  CHECK(wrong.closed_by_server(500));
}

TEST_CASE("::1 is served on the port of 127.0.0.1, unless the host is asked for") {
  Server server(mirror());
  CHECK(post(server.port(), "/mirror").status == 200);
  if (!has_ipv6()) {
    WARN("this machine has no ::1");
    return;
  }
  const std::string answer = over_ipv6(server.port(), kGetClosing);
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.find(R"("client":"::1")") != std::string::npos);
  Server only_v4(mirror("host = \"127.0.0.1\""));
  CHECK(over_ipv6(only_v4.port(), kGetClosing).empty());
  CHECK(post(only_v4.port(), "/mirror").status == 200);
  // A trusted proxy may come that way as well.
  Server behind(mirror("trusted_proxies = [\"::1\"]"));
  CHECK(over_ipv6(behind.port(),
                  "GET /mirror HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n"
                  "X-Forwarded-For: 203.0.113.9\r\n\r\n")
            .find(R"("client":"203.0.113.9")") != std::string::npos);
}
