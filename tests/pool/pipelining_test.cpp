#include <thread>

#include "pool/cafe.h"

using namespace coffees;
using namespace coffees::test;

TEST_CASE("fast invocations are handed over a few at a time, and all are served") {
  Cafe cafe({.limit = 100});
  const std::size_t most = 2 * Cafe::kProcessors;
  const std::size_t customers = 3 * most;
  std::vector<Cafe::Result> orders;
  for (std::size_t i = 0; i < customers; ++i) orders.push_back(cafe.order());
  const auto finish_all = [&cafe] {
    for (WorkerNumber number = 1; number < 100; ++number)
      if (cafe.state(number) == WorkerState::busy) cafe.finish_quickly(number);
  };
  finish_all();
  for (int i = 0; i < 16; ++i) {  // until they are known to be quick
    orders.push_back(cafe.order());
    finish_all();
  }
  for (std::size_t i = 0; i < customers; ++i) orders.push_back(cafe.order());
  CHECK(cafe.count(WorkerState::busy) == most);
  CHECK(cafe.source->starts == static_cast<int>(customers));
  for (int round = 0; round < 4; ++round) finish_all();
  for (const Cafe::Result& order : orders) CHECK(served(order));
}

TEST_CASE("requests that wait for fast invocations which turn out to be slow get workers of their own") {
  Cafe cafe({.limit = 100});
  const std::size_t most = 2 * Cafe::kProcessors;
  std::vector<Cafe::Result> orders;
  for (std::size_t i = 0; i < most + 1; ++i) orders.push_back(cafe.order());
  for (WorkerNumber number = 1; number <= most + 1; ++number) cafe.finish_quickly(number);
  for (int i = 0; i < 16; ++i) {
    orders.push_back(cafe.order());
    cafe.finish_quickly(static_cast<WorkerNumber>(most + 1));
  }
  for (std::size_t i = 0; i < most + 1; ++i) orders.push_back(cafe.order());
  CHECK(cafe.count(WorkerState::busy) == most);
  cafe.wait_out_patience();
  CHECK(cafe.count(WorkerState::busy) == most + 1);
}

TEST_CASE("who waits for invocations that began before any was known to be quick is handed over after all") {
  Cafe cafe({.limit = 100});
  const std::size_t most = 2 * Cafe::kProcessors;
  cafe.order_all(most);
  const auto another = static_cast<WorkerNumber>(most + 1);
  for (int i = 0; i < 16; ++i) {
    cafe.order();
    cafe.finish_quickly(another);
  }
  cafe.order();
  CHECK(cafe.count(WorkerState::busy) == most);
  cafe.wait_out_patience();
  CHECK(cafe.count(WorkerState::busy) == most + 1);
}

TEST_CASE("requests for a tiny function are pipelined to one worker") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(7);
  CHECK(cafe.count(WorkerState::busy) == 1);
  CHECK(cafe.source->workers.at(1)->posted() == 4);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    CHECK_FALSE(*orders[i]);
    cafe.finish_tiny(1);
    CHECK(served(orders[i]));
    CHECK_FALSE((*orders[i])->cold);
  }
  CHECK(cafe.count(WorkerState::idle) == 1);
  CHECK(cafe.source->starts == 1);
}

TEST_CASE(
    "a request that is pipelined behind an invocation that takes long is revoked and gets another worker") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(4);
  cafe.source->workers.at(1)->begun = 1;  // the second one answers, but nobody has looked yet
  cafe.wait_out_patience();
  CHECK(cafe.source->starts == 3);
  CHECK(cafe.source->workers.at(1)->posted() == 1);
  cafe.finish_tiny(2);
  cafe.finish_tiny(3);
  CHECK(served(orders[2]));
  CHECK(served(orders[3]));
  cafe.finish_tiny(1);
  CHECK(served(orders[0]));
  CHECK_FALSE(*orders[1]);
  cafe.finish_tiny(1);
  CHECK(served(orders[1]));
}

TEST_CASE("requests that are revoked from several workers go on in the order of their arrival") {
  Cafe cafe({.limit = 3, .queue = 4});
  const auto serve = [&cafe](int times, WorkerNumber number, Duration cpu) {
    for (int i = 0; i < times; ++i) {
      cafe.order();
      cafe.finish_quickly(number, cpu);
    }
  };
  serve(20, 1, std::chrono::microseconds(100));
  cafe.order_all(2);                           // quick, so both may run; these turn out to be slow
  serve(13, 3, std::chrono::microseconds(2));  // just enough to be known as tiny
  const std::vector<Cafe::Result> orders = cafe.order_all(4);
  REQUIRE(cafe.source->workers.at(1)->posted() == 2);
  REQUIRE(cafe.source->workers.at(2)->posted() == 2);
  cafe.wait_out_patience();
  for (const Cafe::Result& order : orders) {
    CHECK_FALSE(served(order));
    cafe.finish_quickly(3);
    CHECK(served(order));
  }
}

TEST_CASE("when a worker dies, the requests that it has not begun are served by others") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(4);
  cafe.source->workers.at(1)->begun = 1;
  cafe.finish(1, Kind::crashed);
  CHECK(served(orders[0], Kind::crashed));
  // The one that it had begun shares its fate, the others do not.
  CHECK(cafe.source->workers.at(1)->posted() == 0);
  cafe.finish(1, Kind::crashed);
  CHECK(served(orders[1], Kind::crashed));
  for (WorkerNumber number = 2; number <= 3; ++number) cafe.finish_tiny(number);
  CHECK(served(orders[2]));
  CHECK(served(orders[3]));
  CHECK_FALSE(cafe.source->workers.contains(1));
}

TEST_CASE("requests revoked from a worker at a barrier are dispatched to it again") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(3);
  REQUIRE(cafe.source->workers.at(1)->posted() == 2);
  cafe.source->workers.at(1)->barrier = true;
  cafe.finish_quickly(1, std::chrono::microseconds(2));
  cafe.source->workers.at(1)->barrier = false;
  CHECK(cafe.source->workers.at(1)->posted() == 1);
  for (int i = 0; i < 2; ++i) cafe.finish_tiny(1);
  for (const Cafe::Result& order : orders) CHECK(served(order));
  CHECK(cafe.source->starts == 1);
}

TEST_CASE("functions that print are not pipelined, and several invocations run at once") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  cafe.order();
  cafe.finish_quickly(1, std::chrono::microseconds(2), true);
  const std::vector<Cafe::Result> orders = cafe.order_all(2);
  CHECK(cafe.count(WorkerState::busy) == 2);
  CHECK(cafe.source->workers.at(1)->posted() == 0);
  for (WorkerNumber number = 1; number <= 2; ++number) cafe.finish_tiny(number);
  for (const Cafe::Result& order : orders) CHECK(served(order));
}

TEST_CASE("after one that failed or waited, the requests behind it go to other workers") {
  const bool failed = GENERATE(true, false);
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(4);
  cafe.source->workers.at(1)->begun = 1;
  cafe.finish(1, failed ? Kind::handler_error : Kind::ok);  // the fake says that it waited
  CHECK(cafe.source->workers.at(1)->posted() == 0);
  CHECK(cafe.source->starts == 3);
  for (WorkerNumber number = 2; number <= 3; ++number) cafe.finish_tiny(number);
  CHECK(served(orders[2]));
  CHECK(served(orders[3]));
  CHECK_FALSE(*orders[1]);
  cafe.finish_tiny(1);
  CHECK(served(orders[1]));
}

TEST_CASE("a loop that is torn down while requests are pipelined leaves nothing behind") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  for (int i = 0; i < 8; ++i) cafe.order();
  CHECK(cafe.source->workers.at(1)->posted() == 4);
}

TEST_CASE("no worker is handed more requests than max_requests allows") {
  Cafe cafe({.limit = 10}, {.max_requests = 42});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(4);
  CHECK(cafe.source->workers.at(1)->posted() == 1);
  cafe.finish_tiny(1);
  cafe.finish_tiny(1);
  CHECK(served(orders[1]));
  CHECK_FALSE(cafe.source->workers.contains(1));
  for (int i = 0; i < 2; ++i) cafe.finish_tiny(2);
  for (const Cafe::Result& order : orders) CHECK(served(order));
}

TEST_CASE("closing ends pipelined requests, too") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(6);
  cafe.pool->close();
  cafe.finish(1, Kind::crashed);
  for (std::size_t i = 1; i < orders.size(); ++i) CHECK(served(orders[i], Kind::draining));
}

TEST_CASE("answers that are found together do not let the requests that wait past the limiter") {
  Cafe cafe({.limit = 10});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(8);
  REQUIRE(cafe.source->workers.at(1)->posted() == 4);
  // The second and third are answered when their turns begin: for a moment none runs.
  for (int i = 0; i < 2; ++i) cafe.source->workers.at(1)->early.push_back(Cafe::tiny_answer());
  cafe.finish_tiny(1);
  CHECK((served(orders[0]) && served(orders[1]) && served(orders[2])));
  CHECK(cafe.source->starts == 1);
  for (std::size_t i = 3; i < orders.size(); ++i) {
    CHECK_FALSE(*orders[i]);
    cafe.finish_tiny(1);
    CHECK(served(orders[i]));
  }
  CHECK(cafe.source->starts == 1);
}

TEST_CASE("at the limit, requests that could be pipelined after a look at the answers are not refused") {
  Cafe cafe({.limit = 1});
  cafe.become_tiny();
  const std::vector<Cafe::Result> orders = cafe.order_all(9);
  for (int i = 0; i < 4; ++i) cafe.source->workers.at(1)->early.push_back(Cafe::tiny_answer());
  for (std::size_t i = 0; i < orders.size(); ++i) cafe.finish_tiny(1);
  for (const Cafe::Result& order : orders) CHECK(served(order));
}
