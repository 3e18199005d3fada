// What clients make the server hold, against its memory budget.
#include "http/scene.h"
#include "memory_budget.h"

using namespace coffees;
using namespace coffees::http;
using namespace coffees::test;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;
// A budget of 4 MiB, of which 3.5 are for those who hold much.
struct Limited {
  MemoryBudget budget{4 * kMiB};
  ServerSettings settings = [this] {
    ServerSettings with;
    with.budget = &budget;
    return with;
  }();
};

std::string post_of(std::uint64_t size) {
  return "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

bool is_over_budget(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n") &&
         answer.find("X-Coffees-Error: over_budget\r\n") != std::string::npos &&
         answer.find("Retry-After: ") != std::string::npos;
}

}  // namespace

TEST_CASE("a body that would pass the memory budget gets 503, and the others go on") {
  Limited limited;
  Scene scene(limited.settings);
  Client first(scene);
  first.send(post_of(3 * kMiB));
  for (int i = 0; i < 47; ++i) first.send(std::string(65536, 'x'));
  CHECK(limited.budget.held() >= 2 * kMiB);
  Client second(scene);
  second.send(post_of(3 * kMiB));
  for (int i = 0; i < 47; ++i) second.send(std::string(65536, 'x'));
  CHECK(is_over_budget(second.receive()));
  Client small(scene);
  small.send(kGet);
  CHECK(small.receive().ends_with("hello"));
  first.send(std::string(65536, 'x'));
  // Its request and its answer are not held at the same time: they would not fit.
  CHECK(first.receive().size() > 3 * kMiB);
  second.socket.close();
  scene.pass(seconds(1));
  CHECK(limited.budget.held() == 0);
}

TEST_CASE("a length that is only declared takes nothing of the memory budget") {
  Limited limited;
  Scene scene(limited.settings);
  std::deque<Client> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(scene).send(post_of(6 * kMiB) + "x");
  CHECK(limited.budget.held() <= 20 * 32 * 1024);
  Client other(scene);
  other.send(post_of(1000 * 1024));
  for (int i = 0; i < 10; ++i) other.send(std::string(100 * 1024, 'x'));
  CHECK(other.receive().starts_with("HTTP/1.1 200"));
}

TEST_CASE("chunks count against the memory budget as they arrive") {
  Limited limited;
  Scene scene(limited.settings);
  Client client(scene);
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string answer;
  for (int i = 0; i < 90 && answer.empty(); ++i) {
    client.send("10000\r\n" + std::string(65536, 'x') + "\r\n");
    answer = client.receive();
  }
  CHECK(is_over_budget(answer));
  CHECK(limited.budget.held() < 32 * 1024);
}

TEST_CASE("a head that is not finished counts against the memory budget") {
  Limited limited;
  Scene scene(limited.settings);
  Client client(scene);
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  for (int i = 0; i < 4; ++i) client.send("A: " + std::string(15'000, 'a') + "\r\n");
  CHECK(limited.budget.held() >= 60'000);
  client.send("\r\n");
  CHECK(client.receive().ends_with("hello"));
  CHECK(limited.budget.held() == 0);
}

TEST_CASE("an answer that nobody reads counts against the memory budget until it is given up") {
  MemoryBudget large(kLarge * 3 / 2);
  ServerSettings settings;
  settings.budget = &large;
  Scene scene(settings);
  Client lazy(scene);
  lazy.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(large.held() >= kLarge);
  Client second(scene);
  second.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(is_over_budget(second.receive()));
  lazy.socket.close();
  second.socket.close();
  scene.pass(seconds(1));
  CHECK(large.held() == 0);
}

TEST_CASE("a stream counts with its largest piece, and one too many gets 503") {
  MemoryBudget narrow(128 * 1024);
  ServerSettings settings;
  settings.budget = &narrow;
  Scene scene(settings);
  constexpr std::string_view follow = "GET /tale HTTP/1.1\r\nHost: localhost\r\n\r\n";
  Client first(scene);
  first.send(follow);
  CHECK(first.receive().starts_with("HTTP/1.1 200"));
  Client second(scene);
  second.send(follow);
  CHECK(is_over_budget(second.receive()));
  first.socket.close();
  second.socket.close();
  scene.pass(seconds(1));
  CHECK(narrow.held() == 0);
}

TEST_CASE("a request that was pipelined behind a long one is charged with the buffer that it lies in") {
  Limited limited;
  Scene scene(limited.settings);
  Client client(scene);
  std::string long_head = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 4; ++i) long_head += "A: " + std::string(14'000, 'a') + "\r\n";
  client.send(long_head + "\r\nGET /tale HTTP/1.1\r\nHost: localhost\r\n\r\nG");
  CHECK(client.receive().find("Transfer-Encoding: chunked") != std::string::npos);
  // The stream's largest piece, the buffer with one more byte in it, and the request itself.
  CHECK(limited.budget.held() > 100 * 1024 + 60'000);
  client.socket.close();
  scene.pass(seconds(1));
  CHECK(limited.budget.held() == 0);
}
