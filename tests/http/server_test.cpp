// The server with real sockets and a clock of the test's own.
#include "http/scene.h"

using namespace coffees;
using namespace coffees::http;
using namespace coffees::test;

TEST_CASE("a head that arrives in pieces is answered, and so is the next request") {
  Scene scene;
  Client client(scene);
  for (const char* piece : {"GE", "T / HTTP/1.1\r\nHost: loc", "alhost\r", "\n\r", "\n"}) client.send(piece);
  const std::string answer = client.receive();
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.ends_with("hello"));
  CHECK_FALSE(client.ended);
  client.send(kGet);
  CHECK(client.receive().ends_with("hello"));
}

TEST_CASE("a body that came with the head and one that comes later are both read") {
  Scene scene;
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\n";
  Client at_once(scene);
  at_once.send(head + "coffee");
  CHECK(at_once.receive().ends_with("coffee"));
  Client later(scene);
  later.send(head + "co");
  CHECK(later.receive().empty());
  later.send("ffee");
  CHECK(later.receive().ends_with("coffee"));
}

TEST_CASE("a head that trickles has a time limit, however busily its client sends") {
  ServerSettings settings;
  settings.limits.head_time = seconds(2);
  Scene scene(settings);
  Client client(scene);
  client.send("GET /");
  for (int i = 0; i < 19; ++i) {
    scene.pass(milliseconds(100));
    client.send("x");
  }
  CHECK(client.receive().empty());
  scene.pass(milliseconds(300));
  CHECK(client.receive().starts_with("HTTP/1.1 408"));
}

TEST_CASE("a body that trickles has one, too") {
  ServerSettings settings;
  settings.limits.head_time = seconds(2);
  settings.limits.min_upload = 1000;
  Scene scene(settings);
  Client client(scene);
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\n");
  scene.pass(milliseconds(4800));
  client.send("x");
  CHECK(client.receive().empty());
  scene.pass(milliseconds(400));
  CHECK(client.receive().starts_with("HTTP/1.1 408"));
}

TEST_CASE("a client that has closed its sending side gets its answer") {
  Scene scene;
  Client client(scene);
  client.send(kGet);
  client.socket.shutdown(tcp::socket::shutdown_send);
  CHECK(client.receive().ends_with("hello"));
  CHECK(client.ended);
}

TEST_CASE("a client that sends nothing is disconnected after a while") {
  ServerSettings settings;
  settings.idle_time = seconds(3);
  Scene scene(settings);
  Client client(scene);
  scene.pass(milliseconds(2900));
  CHECK(client.receive().empty());
  CHECK_FALSE(client.ended);
  scene.pass(milliseconds(300));
  CHECK(client.receive().empty());
  CHECK(client.ended);
}

TEST_CASE("what is refused says why, and its client sees it although it still sends") {
  Scene scene;
  Client client(scene);
  client.send("GET / HTTP/1.1\r\nHo st: localhost\r\n\r\n" + std::string(100'000, 'x'));
  const std::string answer = client.receive();
  CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(answer.find("a header name is empty or contains a byte") != std::string::npos);
}

TEST_CASE("beyond the most connections one that is idle makes room, and without one clients are told so") {
  ServerSettings settings;
  settings.max_connections = 2;
  Scene scene(settings);
  Client idle(scene);
  Client busy(scene);
  busy.send("GET /tale HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Client third(scene);
  CHECK(idle.receive().empty());
  CHECK(idle.ended);
  third.send("GET /tale HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(third.receive().starts_with("HTTP/1.1 200"));
  CHECK(scene.turned_away_count == 0);
  Client fourth(scene);
  CHECK(fourth.receive().starts_with("HTTP/1.1 503"));
  CHECK(fourth.ended);
  CHECK(scene.turned_away_count == 1);
}

TEST_CASE("a connection with a request that was not read yet is not idle") {
  ServerSettings settings;
  settings.max_connections = 2;
  Scene scene(settings);
  boost::asio::io_context context;
  std::deque<tcp::socket> clients;
  const auto send = [](tcp::socket& client, std::string_view bytes) {
    boost::asio::write(client, boost::asio::buffer(bytes));
  };
  for (int i = 0; i < 3; ++i) {
    tcp::socket& client = clients.emplace_back(context);
    client.connect({boost::asio::ip::address_v4::loopback(), scene.server.port()});
    send(client, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab");
  }
  for (int i = 0; i < 20; ++i) scene.turn();
  CHECK(scene.turned_away_count == 1);
  clients.pop_back();
  for (tcp::socket& client : clients) send(client, "cd");
  for (int i = 0; i < 20; ++i) scene.turn();
  for (tcp::socket& client : clients) {
    std::array<char, 12> line{};
    boost::system::error_code error;
    boost::asio::read(client, boost::asio::buffer(line), error);
    CHECK(std::string(line.data(), line.size()) == "HTTP/1.1 200");
  }
}

TEST_CASE("a client that takes nothing of an answer is disconnected, one that takes some of it is not") {
  ServerSettings settings;
  settings.stall_time = seconds(5);
  Scene scene(settings);
  constexpr std::string_view get = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
  Client slow(scene);
  slow.send(get);
  std::string received;
  std::array<char, 1 << 20> piece;
  for (int i = 0; i < 10; ++i) {
    scene.pass(seconds(4));
    boost::system::error_code error;
    for (int part = 0; part < 3 && !error; ++part)
      received.append(piece.data(), slow.socket.read_some(boost::asio::buffer(piece), error));
    CHECK_FALSE(error == boost::asio::error::eof);
  }
  received += slow.receive();
  CHECK(received.size() > kLarge);
  Client stalled(scene);
  stalled.send(get);
  scene.pass(seconds(6));
  CHECK(stalled.receive().size() < kLarge);
  CHECK(stalled.ended);
}

TEST_CASE("a stream goes out in chunks as it is told, and the connection serves on after its end") {
  Scene scene;
  scene.tale.pieces = {"once ", "upon a time"};
  scene.tale.over = true;
  Client client(scene);
  client.send("GET /tale HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = client.receive();
  CHECK(answer.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(answer.ends_with("\r\n\r\n5\r\nonce \r\nb\r\nupon a time\r\n0\r\n\r\n"));
  CHECK_FALSE(client.ended);
  client.send(kGet);
  CHECK(client.receive().ends_with("hello"));
}

TEST_CASE("to HTTP/1.0 the end of a stream is the end of the connection, and HEAD gets none of it") {
  Scene scene;
  scene.tale.pieces = {"once"};
  scene.tale.over = true;
  Client head(scene);
  head.send("HEAD /tale HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(head.receive().ends_with("\r\n\r\n"));
  CHECK(scene.tale.asked == 0);
  Client old(scene);
  old.send("GET /tale HTTP/1.0\r\n\r\n");
  const std::string answer = old.receive();
  CHECK(answer.ends_with("\r\n\r\nonce"));
  CHECK(answer.find("chunked") == std::string::npos);
  CHECK(old.ended);
}

TEST_CASE("a stream is asked for more only when its client has taken what came before") {
  Scene scene;
  const std::string piece(1 << 20, 'x');
  scene.tale.pieces.assign(64, piece);
  Client client(scene);
  client.send("GET /tale HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const int asked = scene.tale.asked;
  CHECK(asked < 20);
  scene.pass(seconds(1));
  CHECK(scene.tale.asked == asked);
  client.receive();
  CHECK(scene.tale.asked > asked);
}

TEST_CASE("a stream whose client reads nothing ends after a while") {
  ServerSettings settings;
  settings.write_time = seconds(3);
  Scene scene(settings);
  scene.tale.pieces.assign(64, std::string(1 << 20, 'x'));
  Client client(scene);
  client.send("GET /tale HTTP/1.1\r\nHost: localhost\r\n\r\n");
  scene.pass(milliseconds(2500));
  CHECK_FALSE(scene.tale.pieces.empty());
  const int asked = scene.tale.asked;
  scene.pass(seconds(30));
  client.receive();
  CHECK(client.ended);
  CHECK(scene.tale.asked == asked);
}

TEST_CASE("a stream is stopped when its client leaves") {
  Scene scene;
  Client client(scene);
  client.send("GET /tale HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(scene.tale.asked == 1);
  CHECK_FALSE(scene.tale.stopped);
  client.socket.close();
  scene.turn();
  CHECK(scene.tale.stopped);
}

TEST_CASE("a wait that begins behind its deadline ends at once") {
  Loop loop;
  ManualClock clock;
  boost::asio::basic_socket_acceptor<tcp, Executor> acceptor(loop.get_executor(),
                                                             {boost::asio::ip::address_v4::loopback(), 0});
  Socket near_end(loop.get_executor());
  near_end.connect(acceptor.local_endpoint());
  TimedSocket socket(std::move(near_end), clock);
  REQUIRE(socket.open());
  socket.allow(seconds(1));
  clock.pass(seconds(2));
  socket.check_deadline(clock.now());
  std::optional<TimedSocket::Wait> ended;
  spawn_detached(loop.get_executor(), [](TimedSocket& of, std::optional<TimedSocket::Wait>& how) -> Task<> {
    how = co_await of.wait(Socket::wait_read);
  }(socket, ended));
  loop.poll();
  CHECK(ended == TimedSocket::Wait::expired);
}

TEST_CASE("chunks that are nearly all extension take turns with others") {
  Scene scene;
  Client large(scene);
  large.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string chunks;
  while (chunks.size() < 1'500'000) chunks += "1;x=" + std::string(8'000, 'a') + "\r\nX\r\n";
  boost::system::error_code error;
  std::size_t sent = 0;
  while (!error && sent < chunks.size())
    sent += large.socket.write_some(boost::asio::buffer(chunks.data() + sent, chunks.size() - sent), error);
  Client small(scene);  // runs the loop once
  scene.turn();
  boost::asio::write(small.socket, boost::asio::buffer(kGet));
  // One handler at a time: the small one is answered before all of the large one has been read.
  int handlers = 0;
  scene.loop.restart();
  while (small.socket.available() == 0 && scene.loop.poll_one() > 0) ++handlers;
  CHECK(small.socket.available() > 0);
  CHECK(handlers < 1000);
}
