// Hostile and unusual clients: what the invoke port says to bytes that are not quite HTTP.
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using namespace std::string_literals;

namespace {

const std::string kHost = "Host: localhost\r\n";

// The status that raw bytes get, which must also end the connection.
int status_and_close(const Server& server, const std::string& bytes) {
  Client client(server.port());
  client.send(bytes);
  const Response response = client.receive();
  CHECK(client.closed_by_server());
  return response.status;
}

std::string post_with(const std::string& fields, const std::string& body = {}) {
  return "POST /espresso HTTP/1.1\r\n" + kHost + fields + "\r\n" + body;
}

}  // namespace

TEST_CASE("every framing attack gets an error and a closed connection") {
  Server server(function("espresso", menu("espresso")));
  const struct {
    const char* name;
    int status;
    std::string bytes;
  } cases[] = {
      {"CL and TE", 400, post_with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"TE and CL", 400, post_with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n")},
      {"TE xchunked", 501, post_with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
      {"TE identity, chunked", 501, post_with("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n")},
      {"TE chunked, identity", 501, post_with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
      {"two TE", 400, post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"TE in 1.0", 400,
       "POST /espresso HTTP/1.0\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"two equal CL", 400, post_with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")},
      {"two different CL", 400, post_with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")},
      {"CL +3", 400, post_with("Content-Length: +3\r\n", "abc")},
      {"CL -1", 400, post_with("Content-Length: -1\r\n")},
      {"CL 0x3", 400, post_with("Content-Length: 0x3\r\n", "abc")},
      {"CL 3 3", 400, post_with("Content-Length: 3 3\r\n", "abc")},
      {"CL 3,3", 400, post_with("Content-Length: 3,3\r\n", "abc")},
      {"CL empty", 400, post_with("Content-Length:\r\n")},
      {"CL 20 digits", 400, post_with("Content-Length: 00000000000000000003\r\n", "abc")},
      {"CL 2^64+3", 400, post_with("Content-Length: 18446744073709551619\r\n", "abc")},
      {"CL %33", 400, post_with("Content-Length: %33\r\n", "abc")},
      {"space before colon", 400, post_with("Content-Length : 3\r\n", "abc")},
      {"empty name", 400, post_with(": x\r\n")},
      {"name with _", 400, post_with("X_A: b\r\n")},
      {"name with control", 400, post_with("X\x01"s + "A: b\r\n")},
      {"8-bit name", 400, post_with("X\xe4: b\r\n")},
      {"bare LF", 400, "POST /espresso HTTP/1.1\n" + kHost + "\n"},
      {"bare LF between fields", 400, post_with("A: b\nB: c\r\n")},
      {"bare CR in value", 400, post_with("A: b\rc\r\n")},
      {"NUL in value", 400, post_with("A: b\0c\r\n"s)},
      {"folded line", 400, post_with("A: b\r\n c\r\n")},
      {"field line of 64 KiB", 431, post_with("A: " + std::string(64 << 10, 'a') + "\r\n")},
      {"101 fields", 431,
       [] {
         std::string fields;
         for (int i = 0; i < 101; ++i) fields += "A: b\r\n";
         return post_with(fields);
       }()},
      {"request line of 1 MiB", 414, "GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\n" + kHost + "\r\n"},
      {"target of 8 KiB and 100", 414,
       "GET /" + std::string((8 << 10) + 100, 'a') + " HTTP/1.1\r\n" + kHost + "\r\n"},
      {"CL beyond the limit", 413, post_with("Content-Length: 6291457\r\n")},
      {"HTTP/0.9", 400, "GET /espresso\r\n"},
      {"HTTP/2 preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"lower-case version", 400, "GET /espresso http/1.1\r\n" + kHost + "\r\n"},
      {"HTTP/1.9", 505, "GET /espresso HTTP/1.9\r\n" + kHost + "\r\n"},
      {"TLS", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s},
      {"no Host", 400, "GET /espresso HTTP/1.1\r\n\r\n"},
      {"two Hosts", 400, "GET /espresso HTTP/1.1\r\n" + kHost + kHost + "\r\n"},
      {"Host with user", 400, "GET /espresso HTTP/1.1\r\nHost: me@localhost\r\n\r\n"},
      {"foreign Host", 421, "GET /espresso HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
      {"unknown expectation", 417, post_with("Expect: tea\r\nContent-Length: 1\r\n", "x")},
      {"Origin", 403, post_with("Origin: https://evil.example\r\nContent-Length: 1\r\n", "x")},
      {"preflight", 403,
       "OPTIONS /espresso HTTP/1.1\r\n" + kHost +
           "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n"},
      {"cross-site", 403, post_with("Sec-Fetch-Site: cross-site\r\nContent-Length: 1\r\n", "x")},
      {"TRACE", 405, "TRACE /espresso HTTP/1.1\r\n" + kHost + "\r\n"},
      {"CONNECT", 405, "CONNECT localhost:443 HTTP/1.1\r\n" + kHost + "\r\n"},
      {"unknown method", 501, "BREW /espresso HTTP/1.1\r\n" + kHost + "\r\n"},
      {"negative chunk", 400, post_with("Transfer-Encoding: chunked\r\n", "-2\r\nab\r\n0\r\n\r\n")},
      {"chunk without end", 400, post_with("Transfer-Encoding: chunked\r\n", "2\r\nabXX0\r\n\r\n")},
      {"chunk of 2^64", 400, post_with("Transfer-Encoding: chunked\r\n", "10000000000000000\r\nab\r\n")},
      {"chunk size with bare LF", 400, post_with("Transfer-Encoding: chunked\r\n", "2\nab\r\n0\r\n\r\n")},
      {"name with %", 400, "GET /%65spresso HTTP/1.1\r\n" + kHost + "\r\n"},
      {"no name", 404, "GET / HTTP/1.1\r\n" + kHost + "\r\n"},
  };
  for (const auto& attack : cases) {
    INFO(attack.name);
    CHECK(status_and_close(server, attack.bytes) == attack.status);
  }
  CHECK(post(server.port(), "/espresso", "still here").body == "still here");
}

TEST_CASE("nothing that follows a refused request on its connection is answered") {
  Server server(function("espresso", menu("espresso")));
  Client client(server.port());
  client.send(post_with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                        "0\r\n\r\nGET /espresso HTTP/1.1\r\n" + kHost + "\r\n"));
  CHECK(client.receive().status == 400);
  CHECK(client.receive().status == 0);
}

TEST_CASE("100 requests in one segment get 100 answers in order") {
  Server server(function("espresso", menu("espresso")));
  Client client(server.port());
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string body = "order " + std::to_string(i);
    all += post_with("Content-Length: " + std::to_string(body.size()) + "\r\n", body);
  }
  client.send(all);
  for (int i = 0; i < 100; ++i) {
    const Response response = client.receive();
    REQUIRE(response.status == 200);
    REQUIRE(response.body == "order " + std::to_string(i));
  }
}

TEST_CASE("chunked bodies are put together, trailers dropped, the limit kept") {
  Server server("[server]\nmax_body = \"64KiB\"\n" + function("espresso", menu("espresso")));
  Client client(server.port());
  client.send(post_with("Transfer-Encoding: chunked\r\n",
                        "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: x\r\n\r\n"));
  CHECK(client.receive().body == "hello world");
  client.send(post_with("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  CHECK(client.receive().status == 200);
  // Byte by byte, as the slowest of clients would.
  for (const char byte : post_with("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"))
    client.send(std::string(1, byte));
  CHECK(client.receive().body == "abc");
  std::string endless = post_with("Transfer-Encoding: chunked\r\n");
  for (int i = 0; i < 20; ++i) endless += "1000\r\n" + std::string(4096, 'x') + "\r\n";
  client.send(endless);
  CHECK(client.receive().status == 413);
}

TEST_CASE("Expect: 100-continue is answered before the body comes, and refused bodies are not asked for") {
  Server server(function("espresso", menu("espresso")));
  Client client(server.port());
  client.send(post_with("Expect: 100-continue\r\nContent-Length: 5\r\n"));
  CHECK(client.receive().status == 100);
  client.send("hello");
  CHECK(client.receive().body == "hello");
  client.send(post_with("Expect: 100-continue\r\nContent-Length: 99999999\r\n"));
  CHECK(client.receive().status == 413);
}

TEST_CASE("HEAD and OPTIONS, health and readiness") {
  Server server(function("espresso", menu("espresso")));
  Client client(server.port());
  const Response head = client.request("HEAD", "/espresso", "hello");
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == "5");
  const Response options = client.request("OPTIONS", "/espresso");
  CHECK(options.status == 204);
  CHECK(options.header("allow").find("POST") != std::string::npos);
  CHECK(client.request("OPTIONS", "*").status == 204);
  CHECK(client.request("GET", "/healthz").status == 200);
  CHECK(client.request("GET", "/readyz").status == 200);
}

TEST_CASE("only the answer to HEAD lacks its body, whatever else has arrived") {
  Server server(function("espresso", menu("espresso")));
  Client client(server.port());
  const std::string get = "GET /healthz HTTP/1.1\r\n" + kHost + "\r\n";
  const std::string head = "HEAD /healthz HTTP/1.1\r\n" + kHost + "\r\n";
  client.send(get + head + get);
  CHECK(client.receive().json()["status"] == "ok");
  CHECK(client.receive(true).status == 200);
  CHECK(client.receive().json()["status"] == "ok");
}

TEST_CASE("HTTP/1.0 is answered and closed, unless it asks to be kept") {
  Server server(function("espresso", menu("espresso")));
  Client once(server.port());
  once.send("GET /espresso HTTP/1.0\r\n\r\n");
  CHECK(once.receive().status == 200);
  CHECK(once.closed_by_server());
  Client kept(server.port());
  kept.send("GET /espresso HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(kept.receive().header("connection") == "keep-alive");
  CHECK(kept.request("GET", "/espresso").status == 200);
}

TEST_CASE("a client that has finished sending is answered") {
  Server server(function("latte", menu("latte")));
  Client client(server.port());
  client.send("POST /latte HTTP/1.1\r\n" + kHost + "Content-Length: 9\r\n\r\n{\"ms\":50}");
  client.shut_down_sending();
  CHECK(client.receive().status == 200);
}

TEST_CASE("a slow head and idle connections do not hold up others") {
  Server server(function("espresso", menu("espresso")));
  std::vector<std::unique_ptr<Client>> idle;
  idle.reserve(200);
  for (int i = 0; i < 200; ++i) idle.push_back(std::make_unique<Client>(server.port()));
  for (int i = 0; i < 50; ++i) idle[static_cast<std::size_t>(i)]->send("GET /espresso HTTP/1.1\r\nHost: loc");
  for (int i = 0; i < 50; ++i) CHECK(post(server.port(), "/espresso", "x").status == 200);
  idle[0]->send("alhost\r\n\r\n");
  CHECK(idle[0]->receive().status == 200);
}

TEST_CASE("a client that pipelines without end does not keep the server to itself") {
  Server server(function("espresso", menu("espresso")));
  post(server.port(), "/espresso", "x");
  std::string requests;
  for (int i = 0; i < 20'000; ++i) requests += "GET /healthz HTTP/1.1\r\n" + kHost + "\r\n";
  Client greedy(server.port());
  std::thread reader([&] {
    while (greedy.receive().status != 0) {
    }
  });
  int answered_meanwhile = 0;
  std::thread other([&] {
    for (int i = 0; i < 20; ++i)
      answered_meanwhile += post(server.port(), "/espresso", "x").seconds < 1.0 ? 1 : 0;
  });
  greedy.send(requests);
  other.join();
  greedy.shut_down_sending();
  reader.join();
  CHECK(answered_meanwhile == 20);
}
