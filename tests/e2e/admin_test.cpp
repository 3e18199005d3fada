// The admin port: what it answers, whom it refuses, and that it stands in nobody's way.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <sstream>
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

std::string espresso() { return function("espresso", menu("espresso")); }

// A request of exactly these bytes.
Response raw(const Server& server, const std::string& bytes) {
  Client client(server.admin_port());
  client.send(bytes);
  return client.receive();
}

Response ask(const Server& server, const std::string& method, const std::string& target,
             const std::string& more = {}) {
  Client client(server.admin_port());
  client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n");
  return client.receive(method == "HEAD");
}

// What `value` lacks of what `schema` promises, as paths.
void compare(const json& document, json schema, const json& value, const std::string& path,
             std::vector<std::string>& missing) {
  if (schema.contains("$ref"))
    schema = document[json::json_pointer(schema["$ref"].get<std::string>().substr(1))];
  const auto is_a = [&value](const std::string& type) {
    return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
           (type == "string" && value.is_string()) || (type == "boolean" && value.is_boolean()) ||
           (type == "integer" && value.is_number_integer()) || (type == "number" && value.is_number()) ||
           (type == "null" && value.is_null());
  };
  if (schema.contains("type")) {
    const json types = schema["type"].is_array() ? schema["type"] : json::array({schema["type"]});
    if (!std::any_of(types.begin(), types.end(), is_a)) missing.push_back(path + " is no " + types.dump());
  }
  if (schema.contains("const") && schema["const"] != value) missing.push_back(path + " is not constant");
  for (const json& name : schema.value("required", json::array()))
    if (!value.contains(name)) missing.push_back(path + "." + name.get<std::string>());
  if (value.is_object())
    for (const auto& [name, member] : value.items())
      if (schema.contains("properties") && schema["properties"].contains(name))
        compare(document, schema["properties"][name], member, std::string(path).append(".").append(name),
                missing);
  if (value.is_array() && schema.contains("items"))
    for (const json& element : value) compare(document, schema["items"], element, path + "[]", missing);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  if (const std::size_t at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
  return text;
}

// Resident, in KiB.
std::uint64_t memory_of(const Server& server) {
  std::istringstream lines(read_file("/proc/" + std::to_string(server.pid()) + "/status"));
  for (std::string word; lines >> word;)
    if (std::uint64_t kibibytes = 0; word == "VmRSS:" && lines >> kibibytes) return kibibytes;
  return 0;
}

}  // namespace

TEST_CASE("every answer has what openapi.json promises") {
  Server server(espresso() + function("misbehave", fixture("misbehave")) +
                function("init_throws", fixture("init_throws")));
  const std::string request = post(server.port(), "/espresso", "{}").header("x-request-id");
  post(server.port(), "/misbehave", R"({"do":"throw"})");
  post(server.port(), "/misbehave", R"({"do":"print"})");
  post(server.port(), "/misbehave", R"({"do":"abort"})");
  post(server.port(), "/init_throws");
  REQUIRE(eventually([&] { return !get(server.admin_port(), "/api/v1/logs").json()["logs"].empty(); }));
  const json document = get(server.admin_port(), "/openapi.json").json();
  REQUIRE(document["openapi"] == "3.1.0");
  int checked = 0;
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items()) {
      if (path == "/api/v1/events") continue;
      INFO(method << " " << path);
      std::string target = replaced(replaced(path, "{function}", "espresso"), "{request_id}", request);
      if (target.ends_with("{worker}")) {
        const std::string worker = post(server.port(), "/espresso", "{}").header("x-coffees-worker");
        target = replaced(target, "{worker}", replaced(worker, "#", "%23"));
      }
      std::string verb = method;
      std::transform(verb.begin(), verb.end(), verb.begin(), [](unsigned char c) { return std::toupper(c); });
      const Response response = ask(server, verb, target);
      const std::string status = std::to_string(response.status);
      REQUIRE(operation["responses"].contains(status));
      CHECK(response.status < 300);
      const json& content = operation["responses"][status]["content"];
      const std::string type = content.begin().key();
      CHECK(response.header("content-type").starts_with(type));
      ++checked;
      if (type != "application/json") {
        CHECK_FALSE(response.body.empty());
        continue;
      }
      std::vector<std::string> missing;
      compare(document, content[type]["schema"], response.json(), "", missing);
      CHECK(missing.empty());
    }
  CHECK(checked > 15);
  // Errors are described as well.
  const Response unknown = get(server.admin_port(), "/api/v1/functions/expresso");
  std::vector<std::string> missing;
  compare(document, document["components"]["schemas"]["Problem"], unknown.json(), "", missing);
  CHECK(missing.empty());
}

TEST_CASE("workers can be started, retired and killed") {
  Server server(function("espresso", menu("espresso"), "limit = 5"));
  const auto post_admin = [&](const std::string& path, const std::string& body) {
    return Client(server.admin_port()).request("POST", "/api/v1/functions/espresso" + path, body);
  };
  CHECK(post_admin("/warm", R"({"count":3})").json()["started"] == 3);
  CHECK(eventually([&] { return server.workers().size() == 3; }));
  CHECK(post_admin("/warm", R"({"count":9})").json()["started"] == 2);
  REQUIRE(eventually(
      [&] { return get(server.admin_port(), "/api/v1/functions/espresso").json()["workers"]["idle"] == 5; }));
  CHECK(post(server.port(), "/espresso", "{}").header("x-coffees-start") == "warm");
  CHECK(ask(server, "DELETE", "/api/v1/workers/espresso%234").status == 200);
  CHECK(eventually([&] { return server.workers().size() == 4; }));
  const Response again = ask(server, "DELETE", "/api/v1/workers/espresso%234");
  CHECK(again.status == 404);
  CHECK(again.json()["code"] == "unknown_worker");
  CHECK(again.json()["hint"].get<std::string>().find("%23") != std::string::npos);
  CHECK(post_admin("/cold", "").json()["retired"] == 4);
  CHECK(eventually([&] { return server.workers().empty(); }));
  CHECK(post(server.port(), "/espresso", "{}").header("x-coffees-start") == "cold");
  for (const char* body : {"[]", "{\"count\":-1}", "{\"count\":\"3\"}", "{\"count\":10001}", "{", "3"})
    CHECK(post_admin("/warm", body).status == 400);
}

TEST_CASE("a body that says nothing means one worker, and no length means no body: nobody waits for one") {
  Server server(espresso());
  CHECK(Client(server.admin_port())
            .request("POST", "/api/v1/functions/espresso/warm", "{}")
            .json()["started"] == 1);
  CHECK(Client(server.admin_port())
            .request("POST", "/api/v1/functions/espresso/warm", R"({"coutn":2})")
            .status == 400);
  for (const char* what : {"/warm", "/cold"}) {
    Client client(server.admin_port());
    const auto begin = std::chrono::steady_clock::now();
    client.send(std::string("POST /api/v1/functions/espresso") + what +
                " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.receive().status / 100 == 2);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(3));
  }
}

TEST_CASE("a busy worker that is killed answers with 502, and the next call gets another") {
  Server server(function("latte", menu("latte"), "timeout = \"30s\""));
  Response response;
  std::thread customer([&] { response = post(server.port(), "/latte", R"({"ms":20000})"); });
  // By its first line: a request whose worker is killed before it has read it goes to another one.
  REQUIRE(eventually([&] { return !get(server.admin_port(), "/api/v1/logs").json()["logs"].empty(); }));
  CHECK(ask(server, "DELETE", "/api/v1/workers/latte%231").status == 200);
  customer.join();
  CHECK(response.status == 502);
  CHECK(response.seconds < 15);
  CHECK(response.json()["hint"].get<std::string>().find("stopped this worker") != std::string::npos);
  CHECK(post(server.port(), "/latte", "{}").status == 200);
}

TEST_CASE("what is not there is 404 with a hint, a method that does not fit is 405 with Allow") {
  Server server(espresso());
  for (const char* target :
       {"/nothing", "/api", "/api/v1/functions/", "/api/v1/functions/expresso",
        "/api/v1/workers?function=expresso", "/api/v1/invocations/0", "/api/v1/logs?function=x",
        "/api/v1/stats?function=x", "/api/v1/invocations?function=x", "//metrics", "/metrics/"}) {
    INFO(target);
    const Response response = get(server.admin_port(), target);
    CHECK(response.status == 404);
    CHECK_FALSE(response.json()["hint"].get<std::string>().empty());
    CHECK(response.header("x-coffees-error") == response.json()["code"]);
  }
  CHECK(get(server.admin_port(), "/api/v1/functions/expresso").json()["hint"] == "did you mean 'espresso'?");
  for (const char* target :
       {"/api/v1/invocations?limit=x", "/api/v1/invocations?limit=10001", "/api/v1/logs?since=5",
        "/api/v1/invocations?outcome=good", "/api/v1/invocations?start=hot", "/api/v1/logs?limti=1",
        "/healthz?x=1", "/api/v1/events?since=abc", "/api/v1/events?since=-1"}) {
    INFO(target);
    CHECK(get(server.admin_port(), target).status == 400);
  }
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}) {
    INFO(method);
    const Response response = ask(server, method, "/metrics");
    CHECK(response.status == 405);
    CHECK(response.header("allow") == "GET");
  }
  CHECK(ask(server, "GET", "/api/v1/functions/espresso/warm").header("allow") == "POST");
  const Response head = ask(server, "HEAD", "/metrics");
  CHECK(head.status == 200);
  CHECK(std::stoul(head.header("content-length")) > 1000);
}

TEST_CASE("foreign hosts and origins are turned away") {
  Server server(espresso() + "\n");
  const auto with = [&](const std::string& fields) {
    return raw(server, "GET /metrics HTTP/1.1\r\n" + fields + "\r\n");
  };
  CHECK(with("Host: localhost\r\n").status == 200);
  CHECK(with("Host: evil.example\r\n").status == 421);
  CHECK(with("Host: localhost\r\nOrigin: http://evil.example\r\n").status == 403);
  CHECK(with("Host: localhost\r\nSec-Fetch-Site: cross-site\r\n").status == 403);
  CHECK(with("").status == 400);
  CHECK(with("Host: localhost\r\nHost: localhost\r\n").status == 400);
}

TEST_CASE("bodies whose length is in doubt are refused, and nothing is done") {
  Server server(espresso());
  const auto with = [&](const std::string& fields, const std::string& body) {
    return raw(server, "POST /api/v1/functions/espresso/warm HTTP/1.1\r\nHost: localhost\r\n" + fields +
                           "\r\n" + body)
        .status;
  };
  CHECK(with("Transfer-Encoding: chunked\r\n", "b\r\n{\"count\":1}\r\n0\r\n\r\n") == 411);
  CHECK(with("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}") == 415);
  CHECK(with("Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 2\r\n", "{}") == 415);
  CHECK(with("Content-Length: 2\r\nContent-Length: 2\r\n", "{}") == 400);
  CHECK(with("Content-Length: 2, 2\r\n", "{}") == 400);
  CHECK(with("Content-Length: -2\r\n", "{}") == 400);
  CHECK(with("Content-Length: 0x2\r\n", "{}") == 400);
  CHECK(with("Content-Length: 4294967298\r\n", "{}") == 413);
  CHECK(get(server.admin_port(), "/api/v1/workers").json()["workers"].empty());
  CHECK(get(server.admin_port(), "/healthz").status == 200);
}

TEST_CASE("with a token the admin port tells nothing to one who does not know it") {
  Server server("[server]\nadmin_token = \"please-A.1_~+/=\"\n" + espresso());
  CHECK(get(server.admin_port(), "/metrics").status == 401);
  CHECK(get(server.admin_port(), "/metrics").header("www-authenticate") == "Bearer");
  CHECK(get(server.admin_port(), "/metrics").json()["code"] == "unauthorized");
  CHECK(get(server.admin_port(), "/metrics", "Authorization: Bearer wrong\r\n").status == 401);
  CHECK(get(server.admin_port(), "/api/v1/config", "Authorization: Bearer please-A.1_~+/=\r\n")
            .body.find("please") == std::string::npos);
  CHECK(get(server.admin_port(), "/healthz").status == 200);
  CHECK(ask(server, "POST", "/api/v1/functions/espresso/warm", "Content-Length: 0\r\n").status == 401);
  const CommandResult without = run_coffees({"ps", "--server", server.url()});
  CHECK(without.exit_code == 2);
  CHECK(without.err.find("COFFEES_ADMIN_TOKEN") != std::string::npos);
  const CommandResult with =
      run_coffees({"ps", "--server", server.url()}, "", {"COFFEES_ADMIN_TOKEN=please-A.1_~+/="});
  CHECK(with.exit_code == 0);
}

TEST_CASE("beyond this machine without a token the admin port is refused") {
  const CommandResult result =
      run_coffees({"serve", menu("espresso"), "--port", "0", "--set", "server.admin_host=0.0.0.0"});
  CHECK(result.exit_code == 2);
  CHECK(result.err.find("error[E307]") != std::string::npos);
  CHECK(result.err.find("admin_token") != std::string::npos);
}

TEST_CASE("128 clients may follow the events, the next is told so, and a place is free when one leaves") {
  Server server(espresso());
  std::vector<std::unique_ptr<EventStream>> streams;
  for (int i = 0; i < 128; ++i) {
    streams.push_back(std::make_unique<EventStream>(server.admin_port()));
    REQUIRE(streams.back()->status() == 200);
  }
  const Response refused = get(server.admin_port(), "/api/v1/events");
  CHECK(refused.status == 503);
  CHECK(refused.json()["code"] == "too_many_streams");
  for (int i = 0; i < 20; ++i) CHECK(ask(server, "HEAD", "/api/v1/events").status == 503);
  CHECK(get(server.admin_port(), "/metrics").body.find("\ncoffees_event_streams 128\n") != std::string::npos);
  post(server.port(), "/espresso", "{}");
  for (const auto& stream : streams) {
    const auto events =
        stream->until([](const ServerEvent& event) { return event.event == "invocation.finished"; });
    REQUIRE_FALSE(events.empty());
    CHECK(events.back().event == "invocation.finished");
  }
  streams.resize(100);
  CHECK(eventually([&] { return EventStream(server.admin_port()).status() == 200; }));
}

TEST_CASE("asking for a stream's head alone takes no place") {
  Server server(espresso());
  for (int i = 0; i < 150; ++i) {
    INFO(i);
    REQUIRE(ask(server, "HEAD", "/api/v1/events").status == 200);
  }
}

TEST_CASE("admin clients that stall, trickle or never read do not delay invocations") {
  Server server(espresso());
  std::vector<std::unique_ptr<Client>> nuisances;
  for (int i = 0; i < 60; ++i) {
    nuisances.push_back(std::make_unique<Client>(server.admin_port()));
    const char* half[] = {
        "GET /api/v1/events?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /metr",
        "POST /api/v1/functions/espresso/warm HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"};
    nuisances.back()->send(half[i % 3]);
  }
  Client customer(server.port());
  std::vector<double> seconds;
  for (int i = 0; i < 300; ++i) {
    const Response response = customer.request("POST", "/espresso", "{}");
    REQUIRE(response.status == 200);
    seconds.push_back(response.seconds);
  }
  std::sort(seconds.begin(), seconds.end());
  CHECK(seconds[150] < 0.05);
  CHECK(seconds[297] < 1);
}

TEST_CASE("heads without end and ambiguous heads are refused before they take memory or mean anything") {
  Server server(espresso());
  const auto status = [&](const std::string& bytes) { return raw(server, bytes).status; };
  const std::string host = "Host: localhost\r\n";
  CHECK(status("GET /" + std::string(5000, 'x') + " HTTP/1.1\r\n" + host + "\r\n") == 414);
  CHECK(status("GET / HTTP/1.1\r\n" + host + "A: " + std::string(9000, 'x') + "\r\n\r\n") == 431);
  CHECK(status("GET / HTTP/1.1\n" + host + "\r\n") == 400);
  CHECK(status("GET / HTTP/1.1\r\n" + host + " folded: x\r\n\r\n") == 400);
  CHECK(status("GET / HTTP/1.1\r\n" + host + "Content-Length : 3\r\n\r\nabc") == 400);
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n") == 400);
  CHECK(status("GET / HTTP/2.0\r\n" + host + "\r\n") == 505);
  const std::uint64_t before = memory_of(server);
  Client endless(server.admin_port());
  for (int i = 0; i < 64 && endless.send(std::string(1 << 20, 'x')); ++i) {
  }
  CHECK(memory_of(server) < before + 16 * 1024);
  CHECK(get(server.admin_port(), "/healthz").status == 200);
}

TEST_CASE("many who ask for long lists and do not read them cost bounded memory, and no other answer",
          "[load]") {
  Server server(function("talker", fixture("talker")));
  for (int i = 0; i < 20; ++i) REQUIRE(post(server.port(), "/talker", R"({"mib":1})").status == 200);
  const std::uint64_t before = memory_of(server);
  std::vector<std::unique_ptr<Client>> askers;
  for (int i = 0; i < 100; ++i) {
    askers.push_back(std::make_unique<Client>(server.admin_port()));
    askers.back()->send("GET /api/v1/logs?limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  CHECK(get(server.admin_port(), "/healthz").status == 200);
  sleep_ms(500);
  CHECK(memory_of(server) < before + 200 * 1024);
  askers.clear();
  CHECK(eventually([&] { return get(server.admin_port(), "/api/v1/logs?limit=10").status == 200; }));
}

TEST_CASE("an admin client that sends a byte now and then does not hold up the end of the server") {
  Server server(espresso());
  Client client(server.admin_port());
  client.send("GET /metr");
  EventStream stream(server.admin_port());
  REQUIRE(stream.next());
  server.signal(SIGTERM);
  std::thread trickle([&] {
    for (int i = 0; i < 100 && client.send("x"); ++i) sleep_ms(100);
  });
  const auto begin = std::chrono::steady_clock::now();
  CHECK(server.wait() == 0);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(4));
  trickle.join();
}
