// A server with real sockets and a clock of the test's own, and its clients.
#pragma once

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <deque>

#include "catch.h"
#include "http/server.h"
#include "manual_clock.h"

namespace coffees::test {

using namespace coffees::http;

using boost::asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

// A stream that says what the test puts in, and counts what it is asked for.
struct Tale {
  std::deque<std::string> pieces;
  int asked = 0;
  bool stopped = false;
  bool over = false;
};

class Teller final : public Pieces {
 public:
  Teller(Tale& tale, const Executor& executor) : tale_(tale), more_(executor) {}
  Task<std::string> next() override {
    ++tale_.asked;
    while (tale_.pieces.empty() && !tale_.over && !tale_.stopped) co_await more_.wait();
    std::string piece;
    if (!tale_.pieces.empty()) {
      piece = tale_.pieces.front();
      tale_.pieces.pop_front();
    }
    co_return piece;
  }
  void stop() override {
    tale_.stopped = true;
    more_.notify();
  }
  [[nodiscard]] std::size_t most() const override { return 100 * 1024; }

 private:
  Tale& tale_;
  Signal more_;
};

inline constexpr std::size_t kLarge = 32 << 20;

// Answers with the body, or with the stream for the path /tale, or with much for /large.
class Echo final : public Handler {
 public:
  Echo(Connection& connection, Tale& tale, const Executor& executor)
      : connection_(connection), tale_(tale), executor_(executor) {}
  Refusal examine(const Request&) override { return {}; }
  Task<Answer> answer(const Request& request) override {
    const AnswerFrame frame = connection_.frame(request);
    Answer made;
    if (request.target.path == "/tale")
      made = streamed("text/plain", std::make_unique<Teller>(tale_, executor_), frame);
    else if (request.target.path == "/large")
      made = plain(200, "text/plain", std::string(kLarge, 'x'), frame);
    else
      made = plain(200, "text/plain", request.body.size() == 0 ? "hello" : std::string(request.body.view()),
                   frame);
    co_return made;
  }
  std::string refused(const Request&, const Refusal&) override { return {}; }

 private:
  Connection& connection_;
  Tale& tale_;
  Executor executor_;
};

struct Scene : Service {
  explicit Scene(const ServerSettings& settings = {}) : server(loop, timers, *this, settings) {
    REQUIRE_FALSE(server.listen("127.0.0.1", 0));
    server.start();
  }
  ~Scene() override { loop.abandon(); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  std::unique_ptr<Handler> handler_for(Connection& connection) override {
    return std::make_unique<Echo>(connection, tale, loop.get_executor());
  }
  void turned_away(std::string_view) override { ++turned_away_count; }

  void turn() {
    loop.restart();
    loop.poll();
  }
  // Moves time on, and lets everything happen that is due then.
  void pass(Duration time) {
    for (Duration step = milliseconds(100); time > Duration(0); time -= step) {
      turn();
      clock.pass(std::min(time, step));
      timers.run_due();
      turn();
    }
  }

  Loop loop;
  ManualClock clock;
  TimerQueue timers{clock};
  Tale tale;
  int turned_away_count = 0;
  Server server;
};

struct Client {
  explicit Client(Scene& of) : scene(of), socket(context) {
    socket.connect({boost::asio::ip::address_v4::loopback(), scene.server.port()});
    socket.non_blocking(true);
    scene.turn();
  }
  bool send(std::string_view bytes) {
    boost::system::error_code error;
    boost::asio::write(socket, boost::asio::buffer(bytes), error);
    scene.turn();
    return !error;
  }
  // What has come so far; `ended` is set when no more will.
  std::string receive() {
    std::string all;
    std::array<char, 65536> piece;
    while (true) {
      scene.turn();
      boost::system::error_code error;
      const std::size_t size = socket.read_some(boost::asio::buffer(piece), error);
      all.append(piece.data(), size);
      if (!error) continue;
      ended = error != boost::asio::error::would_block;
      return all;
    }
  }

  Scene& scene;
  boost::asio::io_context context;
  tcp::socket socket;
  bool ended = false;
};

}  // namespace coffees::test
