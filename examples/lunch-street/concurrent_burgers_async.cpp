// Concurrent burgers, with coroutines.
//
// The same shop as in concurrent_burgers_threads.cpp, the same worker and the same three tasks, on a single
// thread. Nobody interrupts a task: it gives up control only where it says co_await, so between two of these
// it has the shop for itself, and no queue needs a lock.
#include <fmt/format.h>

#include <deque>

#include "street/async.h"

using namespace lunch;

namespace {

struct Order {
  int customer;
};
struct Patty {
  int number;
};

struct Shop {
  AsyncSemaphore places{5};  // for open orders
  AsyncQueue<Order> orders;
  AsyncQueue<Order> wanted;  // one patty each
  AsyncQueue<Patty> cooked;
};

Task<> take_orders(Shop& shop, int customers) {
  for (int customer = 1; customer <= customers; ++customer) {
    co_await shop.places.acquire();
    co_await pause(0.3);
    say("orders", fmt::format("customer {} has ordered", customer));
    const Order order{customer};
    shop.orders.push(order);
    shop.wanted.push(order);
  }
  shop.orders.close();
  shop.wanted.close();
}

// Puts on what is wanted, takes off what is done, and waits until there is one or the other.
Task<> cook_patties(Shop& shop) {
  struct OnGrill {
    Patty patty;
    Clock::time_point done;
  };
  std::deque<OnGrill> grill;
  int patties = 0;
  while (true) {
    const Clock::time_point next = grill.empty() ? Clock::time_point::max() : grill.front().done;
    const std::optional<Order> order = co_await shop.wanted.pop_until(next);
    if (order) {
      grill.push_back({{++patties}, Clock::now() + takes(2)});
      say("grill", fmt::format("patty {} is on", patties));
    } else if (grill.empty()) {
      break;  // nothing on it, and nothing more is wanted
    } else {
      co_await pause_until(next);
      say("grill", fmt::format("patty {} is done", grill.front().patty.number));
      shop.cooked.push(grill.front().patty);
      grill.pop_front();
    }
  }
  shop.cooked.close();
}

Task<> make_burgers(Shop& shop) {
  while (const std::optional<Order> order = co_await shop.orders.pop()) {
    const std::optional<Patty> patty = co_await shop.cooked.pop();
    if (!patty) throw std::logic_error("a patty is missing");
    co_await pause(0.3);
    say("burgers", fmt::format("customer {} gets a burger with patty {}", order->customer, patty->number));
    shop.places.release();
  }
}

}  // namespace

int main(int argc, char** argv) {
  Program program("One worker, three tasks at a time: coroutines on one thread.");
  int customers = 12;
  program.option("--customers", customers, "how many come", 1, 1000);
  return program.run(argc, argv, [&] {
    Loop loop(1);
    Shop shop;
    start(loop, take_orders(shop, customers));
    start(loop, cook_patties(shop));
    start(loop, make_burgers(shop));
    loop.run();
    say("shop", fmt::format("{} customers served", customers));
  });
}
