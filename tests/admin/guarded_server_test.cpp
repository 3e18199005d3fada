#include "admin/guarded_server.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <thread>

#include "catch.h"

using namespace coffees::admin;
using boost::asio::ip::tcp;
using std::chrono::milliseconds;

namespace {

constexpr ClientTimes kShort{
    .head = milliseconds(200), .body = milliseconds(200), .piece = milliseconds(200)};

// A server that answers every GET with "hello" and every POST with the body, until the test is over.
struct GuardedServerScene {
  explicit GuardedServerScene(const ClientTimes& times = {}) : server(times) {
    server.Get("/.*", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("hello", "text/plain");
    });
    server.Post("/.*", [](const httplib::Request& request, httplib::Response& response) {
      response.set_content(request.body, "text/plain");
    });
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::yield();
  }
  GuardedServerScene(const GuardedServerScene&) = delete;
  GuardedServerScene& operator=(const GuardedServerScene&) = delete;
  ~GuardedServerScene() {
    server.stop();
    thread.join();
  }

  GuardedServer server;
  int port = 0;
  std::thread thread;
};

struct Client {
  explicit Client(const GuardedServerScene& scene) : socket(context) {
    socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(scene.port)});
  }
  // Returns false once the server does not want any more.
  bool send(const std::string& bytes) {
    boost::system::error_code error;
    boost::asio::write(socket, boost::asio::buffer(bytes), error);
    return !error;
  }
  // Everything up to the end of the connection.
  std::string receive() {
    std::string all;
    boost::system::error_code end;
    boost::asio::read(socket, boost::asio::dynamic_buffer(all), end);
    return all;
  }

  boost::asio::io_context context;
  tcp::socket socket;
};

// A byte every 20 ms, for a minute if the server lets it.
bool trickles_for_ever(Client& client) {
  for (int i = 0; i < 3000; ++i) {
    if (!client.send("x")) return false;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return true;
}

}  // namespace

TEST_CASE("a head that arrives in pieces is answered, and the connection ends") {
  const GuardedServerScene scene;
  Client client(scene);
  for (const char* piece : {"GE", "T / HTTP/1.1\r\nHost: loc", "alhost\r", "\n\r", "\n"}) {
    client.send(piece);
    std::this_thread::sleep_for(milliseconds(1));
  }
  const std::string answer = client.receive();
  CHECK(answer.starts_with("HTTP/1.1 200"));
  CHECK(answer.ends_with("hello"));
}

TEST_CASE("a body that came with the head and one that comes later are both read") {
  const GuardedServerScene scene;
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\n";
  Client at_once(scene);
  at_once.send(head + "coffee");
  CHECK(at_once.receive().ends_with("coffee"));
  Client later(scene);
  later.send(head + "co");
  std::this_thread::sleep_for(milliseconds(5));
  later.send("ffee");
  CHECK(later.receive().ends_with("coffee"));
}

TEST_CASE("a head that trickles is not waited for, however busily its client sends") {
  const GuardedServerScene scene(kShort);
  Client client(scene);
  client.send("GET /");
  CHECK_FALSE(trickles_for_ever(client));
  Client slow(scene);
  slow.send("GET /");
  CHECK(slow.receive().starts_with("HTTP/1.1 408"));
}

TEST_CASE("a body that trickles is not waited for either") {
  const GuardedServerScene scene(kShort);
  Client client(scene);
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6000\r\n\r\n");
  CHECK_FALSE(trickles_for_ever(client));
}

TEST_CASE("a client that has closed its sending side gets its answer") {
  const GuardedServerScene scene;
  Client client(scene);
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.socket.shutdown(tcp::socket::shutdown_send);
  CHECK(client.receive().ends_with("hello"));
}

TEST_CASE("a client that sends nothing is disconnected") {
  const GuardedServerScene scene(kShort);
  Client client(scene);
  CHECK(client.receive().empty());
}

TEST_CASE("what is refused says why, and its client sees it although it still sends") {
  const GuardedServerScene scene;
  Client client(scene);
  client.send("GET / HTTP/1.1\r\nHo st: localhost\r\n\r\n" + std::string(100'000, 'x'));
  const std::string answer = client.receive();
  CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(answer.find("a header name is empty or contains a byte") != std::string::npos);
}
