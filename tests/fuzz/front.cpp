// Any bytes as what a client sends: a real connection of a real server on a real loop, before a function that
// answers at once.
//
// The input: one byte of flags, one that says how the bytes are cut into pieces (0: not at all), then the
// bytes.
#include <sys/socket.h>

#include <array>

#include "front/invoke_service.h"
#include "fuzz/answers.h"
#include "fuzz/targets.h"
#include "http/connection.h"
#include "http/server.h"
#include "scaler/fixed_keep_warm.h"

namespace coffees::fuzz {
namespace {

constexpr unsigned kWatched = 1;  ///< flag: the server runs with --cancel-on-disconnect
constexpr std::size_t kMostPieces = 16;
constexpr std::string_view kBody = "brewed\n";

// Everything that reached a handler, as texts that can be compared.
using Calls = std::vector<std::string>;

class Barista : public Worker {
 public:
  explicit Barista(Calls& calls) : calls_(calls) {}
  Task<InvocationResult> invoke(const Invocation& call, Duration, bool, TurnListener& listener) override {
    listener.turn_begins(SteadyClock::now());
    std::string text;
    for (const std::string_view part : {call.method, call.path, call.query, call.headers, call.body})
      text.append(std::to_string(part.size())).append(":").append(part);
    calls_.push_back(std::move(text));
    InvocationResult result;
    result.outcome.body = kBody;
    co_return result;
  }
  void kill() override {}

 private:
  Calls& calls_;
};

class Baristas : public WorkerSource {
 public:
  explicit Baristas(Calls& calls) : calls_(calls) {}
  Task<StartResult> start(WorkerNumber) override {
    StartResult result;
    result.worker = std::make_unique<Barista>(calls_);
    co_return result;
  }

 private:
  Calls& calls_;
};

// What all inputs share.
struct Cafe {
  Calls calls;
  Loop loop;
  SystemClock clock;
  TimerQueue timers{loop.get_executor(), clock};
  events::EventLog log{timers, {"latte"}, {.ring_words = 1 << 12, .chunks = 1}};
  Dispatcher dispatcher{catalog(), log, clock};
  front::InvokeService service{dispatcher, timers, {}};
  front::InvokeService watching_service{dispatcher, timers, {.cancel_on_disconnect = true}};
  http::Server server{loop, timers, service, {.limits = {.max_body = 256}}};
  http::Server watching_server{loop, timers, watching_service, {.limits = {.max_body = 256}}};

  Cafe() = default;
  Cafe(const Cafe&) = delete;
  Cafe& operator=(const Cafe&) = delete;
  ~Cafe() { loop.abandon(); }

  void turn() {
    loop.restart();
    loop.poll();
  }

 private:
  FunctionCatalog catalog() {
    const scaler::Rules rules{.keep_warm = Duration::max(), .min_warm = 0, .limit = 1, .queue = 0};
    FunctionCatalog functions;
    functions["latte"] = std::make_unique<WorkerPool>(
        loop, timers, PoolSettings{.function = "latte", .rules = rules},
        std::make_unique<scaler::FixedKeepWarm>(rules), std::make_unique<Baristas>(calls), log);
    return functions;
  }
};

struct Visit {
  Calls calls;
  std::string output;
};

// Pieces of a length that only the seed decides.
std::size_t next_piece(unsigned& seed) {
  seed = seed * 1103515245U + 12345U;
  const unsigned random = seed >> 16;
  return 1 + (random % 3 == 0 ? random % 97 : random % 7);
}

Task<> serve(http::Server& server, http::Socket socket, bool& done) {
  http::Connection connection(server, std::move(socket));
  co_await connection.run();
  done = true;
}

std::string read_all(int client) {
  static std::array<char, 256 * 1024> buffer;
  const ssize_t size = ::recv(client, buffer.data(), buffer.size(), MSG_DONTWAIT);
  require(size < static_cast<ssize_t>(buffer.size()), "few requests get few answers");
  return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

// One client from its first byte to its last; the answers to so few bytes fit into the socket's buffer until
// then. A socket pair is a connection without the network's costs.
Visit visit(Cafe& cafe, http::Server& server, std::string_view bytes, unsigned cut) {
  std::array<int, 2> ends{};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "there are sockets");
  platform::UniqueFd client(ends[0]);
  http::Socket socket(cafe.loop.get_executor());
  socket.assign(asio::ip::tcp::v4(), ends[1]);
  Visit result;
  bool done = false;
  cafe.calls.clear();
  spawn_detached(cafe.loop.get_executor(), serve(server, std::move(socket), done));
  unsigned seed = cut;
  for (std::size_t pieces = 0; !bytes.empty() && !done; ++pieces) {
    const std::size_t size = cut == 0 || pieces == kMostPieces ? bytes.size() : next_piece(seed);
    const std::string_view piece = bytes.substr(0, size);
    if (::send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL) < 0) break;
    bytes.remove_prefix(piece.size());
    cafe.turn();
  }
  ::shutdown(client.get(), SHUT_WR);
  cafe.turn();
  result.output = read_all(client.get());
  require(done, "a connection ends when its client has finished and everything is answered");
  result.calls = std::move(cafe.calls);
  return result;
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

void check_answers(const SeenAnswers& seen, const Visit& visit, std::string_view bytes) {
  std::size_t bodiless = 0;
  std::size_t served = 0;
  for (const SeenAnswer& answer : seen.final_ones) {
    require(answer.body.empty() || answer.body == kBody || answer.body.starts_with('{'),
            "a body is one of ours");
    if (answer.bodiless) ++bodiless;
    if (answer.body == kBody) ++served;
  }
  const std::size_t requests = count(bytes, " HTTP/1.1\r\n") + count(bytes, " HTTP/1.0\r\n");
  require(seen.final_ones.size() <= requests + 1, "one answer for each request, and one for what is none");
  require(visit.calls.size() <= requests, "no handler is called without a request");
  require(served <= visit.calls.size(), "what a handler is said to have answered has reached it");
  require(bodiless <= count(bytes, "HEAD "), "only the answer to HEAD lacks its body");
  require(seen.continues <= requests, "nobody is asked to go on more often than there are requests");
}

// The answers that do not depend on how far the client came: the last one may name either of two faults, and
// a request that is wrong and unfinished may just as well end with its connection.
std::vector<std::pair<int, bool>> settled(const SeenAnswers& seen) {
  std::vector<std::pair<int, bool>> result;
  for (const SeenAnswer& answer : seen.final_ones)
    if (answer.status < 400 || !answer.closes) result.emplace_back(answer.status, answer.bodiless);
  return result;
}

}  // namespace

void front(std::string_view input) {
  static Cafe cafe;
  if (input.size() < 2 || input.size() > 4096) return;
  const bool watched = (static_cast<unsigned char>(input[0]) & kWatched) != 0;
  const unsigned cut = static_cast<unsigned char>(input[1]);
  const std::string_view bytes = input.substr(2);
  http::Server& server = watched ? cafe.watching_server : cafe.server;

  const Visit whole = visit(cafe, server, bytes, 0);
  const SeenAnswers answers = read_answers(whole.output);
  check_answers(answers, whole, bytes);
  if (cut == 0) return;

  // How the bytes travel is no part of what they mean.
  const Visit cut_up = visit(cafe, server, bytes, cut);
  const SeenAnswers other = read_answers(cut_up.output);
  check_answers(other, cut_up, bytes);
  require(whole.calls == cut_up.calls, "the same requests reach handlers, however their bytes are cut");
  require(settled(answers) == settled(other), "however bytes are cut, they get the same answers");
}

}  // namespace coffees::fuzz
