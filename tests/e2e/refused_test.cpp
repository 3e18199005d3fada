// Requests that no function sees: what the console, the events and the metrics tell of them.
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

const std::string kHost = "Host: localhost\r\n";

Response answer_to(const Server& server, const std::string& bytes) {
  Client client(server.port());
  client.send(bytes);
  return client.receive();
}

// The value of coffees_requests_refused_total for a code.
int refused(const Server& server, const std::string& code) {
  const std::string text = get(server.admin_port(), "/metrics").body;
  const std::string sample = "coffees_requests_refused_total{code=\"" + code + "\"} ";
  const std::size_t at = text.find(sample);
  return at == std::string::npos ? -1 : std::atoi(text.c_str() + at + sample.size());
}

// The next request.refused event of a stream.
json next_refusal(EventStream& stream) {
  const auto events = stream.until([](const ServerEvent& event) { return event.event == "request.refused"; });
  return events.empty() ? json() : events.back().data;
}

}  // namespace

TEST_CASE("each kind of refused request makes an event, a console line and a count") {
  const struct {
    int status;
    const char* code;
    const char* method;  // null: could not be read
    const char* path;    // null: there is none
    std::string bytes;
  } cases[] = {
      {400, "bad_request", nullptr, nullptr, "\x16\x03\x01 hello\r\n\r\n"},
      {400, "bad_request", "POST", "/espresso",
       "POST /espresso?key=secret HTTP/1.1\r\n" + kHost + "Content-Length: +3\r\n\r\nabc"},
      {403, "cross_site", "GET", "/espresso",
       "GET /espresso HTTP/1.1\r\n" + kHost + "Origin: https://evil.example\r\n\r\n"},
      {404, "not_found", "GET", "/", "GET /?key=secret HTTP/1.1\r\n" + kHost + "\r\n"},
      {405, "method_not_allowed", "TRACE", "/espresso", "TRACE /espresso HTTP/1.1\r\n" + kHost + "\r\n"},
      {413, "body_too_large", "PUT", "/espresso/x",
       "PUT /espresso/x HTTP/1.1\r\n" + kHost + "Content-Length: 99999999\r\n\r\n"},
      {414, "target_too_long", "GET", "/espresso",
       "GET /espresso?" + std::string(9000, 'a') + " HTTP/1.1\r\n" + kHost + "\r\n"},
      {417, "unknown_expectation", "POST", "/espresso",
       "POST /espresso HTTP/1.1\r\n" + kHost + "Expect: tea\r\nContent-Length: 1\r\n\r\nx"},
      {421, "foreign_host", "GET", "/espresso", "GET /espresso HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
      {431, "head_too_large", "GET", "/espresso",
       "GET /espresso HTTP/1.1\r\n" + kHost + "A: " + std::string(20'000, 'a') + "\r\n\r\n"},
      {501, "not_implemented", "BREW", "/espresso", "BREW /espresso HTTP/1.1\r\n" + kHost + "\r\n"},
      {505, "http_version", "GET", "/espresso", "GET /espresso HTTP/1.9\r\n" + kHost + "\r\n"},
      {400, "bad_request", "POST", "/espresso",
       "POST /espresso HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"},
  };
  // One server for each: no more than ten a second are told one by one.
  for (const auto& one : cases) {
    INFO(one.bytes.substr(0, 60));
    Server server(function("espresso", menu("espresso")));
    EventStream stream(server.admin_port(), "?types=request");
    const Response response = answer_to(server, one.bytes);
    CHECK(response.status == one.status);
    const json event = next_refusal(stream);
    CHECK(event["status"] == one.status);
    CHECK(event["code"] == one.code);
    CHECK(event["request_id"] == response.header("x-request-id"));
    CHECK(event.value("method", "") == std::string(one.method == nullptr ? "" : one.method));
    CHECK(event.value("path", "") == std::string(one.path == nullptr ? "" : one.path));
    CHECK(refused(server, one.code) == 1);
    const std::string line =
        "refused " + std::to_string(one.status) + "  " + (one.method == nullptr ? "-" : one.method) + " " +
        (one.path == nullptr ? "-" : one.path) + "  " + one.code + "  " + response.header("x-request-id");
    CHECK(eventually([&] { return server.errors().find(line) != std::string::npos; }));
    CHECK(server.errors().find("secret") == std::string::npos);
  }
}

TEST_CASE("a request whose head does not arrive in time is told with what has arrived of it") {
  Server server(function("espresso", menu("espresso")));
  Client slow(server.port());
  slow.send("GET /espresso?key=secret HTTP/1.1\r\nHost: loc");
  CHECK(slow.receive().status == 408);
  CHECK(eventually([&] {
    return server.errors().find("refused 408  GET /espresso  request_timeout") != std::string::npos;
  }));
  CHECK(refused(server, "request_timeout") == 1);
}

TEST_CASE("of a flood of refused requests ten are told, the others in one line, and all are counted") {
  Server server(function("espresso", menu("espresso")));
  EventStream stream(server.admin_port(), "?types=request");
  constexpr int many = 60;
  for (int i = 0; i < many; ++i) answer_to(server, "BREW /espresso HTTP/1.1\r\n" + kHost + "\r\n");
  CHECK(refused(server, "not_implemented") == many);
  // They may have come in two seconds.
  int told = 0;
  int summed_up = 0;
  int summaries = 0;
  while (told + summed_up < many) {
    const json event = next_refusal(stream);
    REQUIRE(event.is_object());
    if (event.contains("more")) {
      summed_up += event["more"].get<int>();
      ++summaries;
    } else {
      ++told;
    }
  }
  CHECK(told + summed_up == many);
  CHECK(summaries >= 1);
  CHECK(told <= 10 * (summaries + 1));
  CHECK(eventually([&] { return server.errors().find(" more requests refused") != std::string::npos; }));
}

TEST_CASE("where all connections are busy a client is turned away and counted, idle ones make room") {
  Server server(
      function("latte", menu("latte"), "limit = 1\nqueue = 200\nqueue_timeout = \"60s\"\ntimeout = \"60s\""),
      Server::OpenFiles{256});  // half of them for clients
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 140; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    REQUIRE(clients.back()->request("GET", "/healthz").status == 200);
  }
  clients.clear();
  for (int i = 0; i < 128; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    clients.back()->send(
        "POST /latte HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n{\"ms\":30000}");
  }
  const std::string all_wait = "coffees_queue_depth{faas_name=\"latte\",faas_trigger=\"http\"} 127\n";
  REQUIRE(eventually(
      [&] { return get(server.admin_port(), "/metrics").body.find(all_wait) != std::string::npos; }));
  CHECK(get(server.port(), "/healthz").status == 503);
  CHECK(
      eventually([&] { return server.errors().find("refused 503  - -  unavailable") != std::string::npos; }));
  CHECK(refused(server, "unavailable") == 1);
}

TEST_CASE("invocation events and console lines carry method and path, and no query") {
  Server server(function("latte", menu("latte"), "limit = 1\nqueue = 1\nqueue_timeout = \"5s\""));
  EventStream stream(server.admin_port(), "?types=invocation");
  std::thread first([&] { post(server.port(), "/latte/one?key=secret", R"({"ms":200})"); });
  const auto started =
      stream.until([](const ServerEvent& event) { return event.event == "invocation.started"; });
  REQUIRE_FALSE(started.empty());
  CHECK(started.back().data["path"] == "/latte/one");
  Client second(server.port());
  const Response response = second.request("PUT", "/latte/two?key=secret", R"({"ms":1})");
  first.join();
  CHECK(response.status == 200);
  std::vector<std::string> seen;
  const auto events = stream.until([&](const ServerEvent& event) {
    if (event.data.value("path", "") == "/latte/two") {
      seen.push_back(event.event);
      CHECK(event.data["method"] == "PUT");
    }
    CHECK(event.data.dump().find("secret") == std::string::npos);
    return event.event == "invocation.finished" && event.data.value("path", "") == "/latte/two";
  });
  CHECK(seen == std::vector<std::string>{"invocation.queued", "invocation.started", "invocation.finished"});
  CHECK(eventually([&] { return server.errors().find(" 200  PUT /latte/two  ") != std::string::npos; }));
  CHECK(server.errors().find("secret") == std::string::npos);
}

TEST_CASE("an invocation of an unknown function is told with the path that was asked for") {
  Server server(function("espresso", menu("espresso")));
  CHECK(post(server.port(), "/expresso/x?key=secret").status == 404);
  CHECK(eventually([&] { return server.errors().find(" 404  POST /expresso/x  ") != std::string::npos; }));
}
