// Many quick requests at once, which the dispatcher hands over behind each other
// (scaler/concurrency_limiter.h): what one of them does must not be felt by the others.
#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "catch.h"
#include "support/client.h"
#include "support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

constexpr int kCustomers = 16;
const std::string kNothing;

// Each customer sends `orders` requests on one connection, one after another. `body` makes the request,
// `look` checks its answer and returns whether it is right. Returns what was wrong.
std::string wrong_answers(const Server& server, const std::string& target, int orders,
                          const std::function<std::string(int customer, int order)>& body,
                          const std::function<bool(int customer, int order, const Response&)>& look) {
  std::atomic<int> wrong = 0;
  std::string first;
  std::vector<std::thread> customers;
  customers.reserve(kCustomers);
  for (int customer = 0; customer < kCustomers; ++customer)
    customers.emplace_back([&, customer] {
      Client client(server.port());
      for (int order = 0; order < orders; ++order) {
        const Response response = client.request("POST", target, body(customer, order));
        if (!look(customer, order, response) && ++wrong == 1)
          first = std::to_string(response.status) + " " + response.body;
      }
    });
  for (std::thread& customer : customers) customer.join();
  if (wrong == 0) return {};
  return std::to_string(wrong) + " wrong answers, one of them: " + first +
         "; the server said: " + server.errors();
}

}  // namespace

TEST_CASE("in a crowd everybody gets the own answer, and what is printed stays with its request") {
  constexpr int orders = 200;
  const Server server(function("talker", fixture("talker"), "limit = 64"));
  EventStream stream(server.admin_port(), "?types=log");
  REQUIRE(stream.status() == 200);
  const auto prints = [](int customer, int order) { return (customer + order) % 20 == 0; };
  constexpr int printed = kCustomers * orders / 20 * 2;
  int lines = 0;
  std::string misplaced;
  std::thread reader([&] {
    while (lines < printed) {
      const std::optional<ServerEvent> event = stream.next();
      if (!event) return;
      if (event->event != "log") continue;
      ++lines;
      const std::string owner = "by " + event->data["request_id"].get<std::string>() + ",";
      if (event->data["line"].get<std::string>().find(owner) == std::string::npos)
        misplaced += event->data.dump() + "\n";
    }
  });
  const std::string wrong = wrong_answers(
      server, "/talker", orders,
      [&](int customer, int order) { return prints(customer, order) ? R"({"lines":1})" : "{}"; },
      [](int, int, const Response& response) {
        return response.status == 200 && response.json()["id"] == response.header("x-request-id");
      });
  reader.join();
  CHECK(wrong == kNothing);
  CHECK(lines == printed);
  CHECK(misplaced == "");
}

TEST_CASE("a crash in a crowd takes only the request that crashed") {
  const Server server(function("misbehave", fixture("misbehave"), "limit = 64"));
  const auto crashes = [](int customer, int order) { return order == 4 * customer + 10; };
  const std::string wrong = wrong_answers(
      server, "/misbehave", 80,
      [&](int customer, int order) {
        return crashes(customer, order) ? R"({"do":"exit"})" : R"({"do":"nothing"})";
      },
      [&](int customer, int order, const Response& response) {
        return response.status == (crashes(customer, order) ? 502 : 200);
      });
  CHECK(wrong == kNothing);
}

TEST_CASE("answers of every size and errors in a crowd reach who asked for them") {
  const Server server(function("misbehave", fixture("misbehave"), "limit = 64"));
  const auto size = [](int customer, int order) { return (customer * 977 + order * 131) % 6000; };
  const std::string wrong = wrong_answers(
      server, "/misbehave", 150,
      [&](int customer, int order) {
        if (order % 15 == 14) return std::string(R"({"do":"throw"})");
        return R"({"do":"large","size":)" + std::to_string(size(customer, order)) + "}" +
               std::string(order % 7 == 0 ? 5000 : 0, ' ');
      },
      [&](int customer, int order, const Response& response) {
        if (order % 15 == 14) return response.status == 500;
        return response.status == 200 &&
               response.body == std::string(static_cast<std::size_t>(size(customer, order)), 'x');
      });
  CHECK(wrong == kNothing);
}

TEST_CASE("a status that HTTP does not know in a crowd harms nobody else") {
  const Server server(function("misbehave", fixture("misbehave"), "limit = 64"));
  const auto is_bad = [](int customer, int order) { return customer == 0 && order % 20 == 10; };
  const std::string wrong = wrong_answers(
      server, "/misbehave", 100,
      [&](int customer, int order) {
        return is_bad(customer, order) ? R"({"do":"status","status":700})" : R"({"do":"nothing"})";
      },
      [&](int customer, int order, const Response& response) {
        return response.status == (is_bad(customer, order) ? 500 : 200);
      });
  CHECK(wrong == kNothing);
}

TEST_CASE("an answer beyond a small max_body in a crowd harms nobody else") {
  const Server server("[server]\nmax_body = \"1KiB\"\n" +
                      function("misbehave", fixture("misbehave"), "limit = 64"));
  const auto is_large = [](int customer, int order) { return order % 64 == 4 * customer + 3; };
  const std::string wrong = wrong_answers(
      server, "/misbehave", 256,
      [&](int customer, int order) {
        if (is_large(customer, order)) return R"({"do":"large","size":2000})";
        return order % 8 == customer % 8 ? R"({"do":"eat","mib":1})" : R"({"do":"nothing"})";
      },
      [&](int customer, int order, const Response& response) {
        return response.status == (is_large(customer, order) ? 502 : 200);
      });
  CHECK(wrong == kNothing);
}

TEST_CASE("errors before one that takes long do not make the others wait for it") {
  const Server server(function("misbehave", fixture("misbehave"), "limit = 64"));
  std::atomic<int> late = 0;
  const std::string wrong = wrong_answers(
      server, "/misbehave", 120,
      [](int customer, int order) {
        if (customer == 0 && order % 60 == 30) return R"({"do":"sleep","ms":1200})";
        return customer == 1 && order % 4 == 0 ? R"({"do":"throw"})" : R"({"do":"nothing"})";
      },
      [&](int customer, int order, const Response& response) {
        if (customer != 0 && order != 0 && response.seconds > 1) ++late;
        return response.status == 200 || customer == 1;
      });
  CHECK(wrong == kNothing);
  CHECK(late == 0);
}

TEST_CASE("one that takes long in a crowd holds up nobody else") {
  const Server server(function("misbehave", fixture("misbehave"), "limit = 64"));
  std::atomic<int> late = 0;
  const std::string wrong = wrong_answers(
      server, "/misbehave", 150,
      [](int customer, int order) {
        return customer == 0 && order % 75 == 37 ? R"({"do":"sleep","ms":1200})" : R"({"do":"nothing"})";
      },
      [&](int customer, int order, const Response& response) {
        if (customer != 0 && order != 0 && response.seconds > 1) ++late;
        return response.status == 200;
      });
  CHECK(wrong == kNothing);
  CHECK(late == 0);
}
