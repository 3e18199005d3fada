// Concurrent burgers, with threads.
//
// One worker runs the whole burger shop: takes orders, cooks patties, makes burgers. The grill cooks by
// itself, so while patties sizzle there is time for the other two. Each of the three tasks is a thread; the
// operating system switches between them whenever it likes, so whatever they share has to be a queue with a
// lock in it. At most five orders are open at once; the next customer waits in line until a burger is handed
// over.
#include <fmt/format.h>

#include <deque>
#include <semaphore>
#include <thread>

#include "street/blocking_queue.h"

using namespace lunch;

namespace {

struct Order {
  int customer;
};
struct Patty {
  int number;
};

struct Shop {
  std::counting_semaphore<5> places{5};  // for open orders
  BlockingQueue<Order> orders;
  BlockingQueue<Order> wanted;  // one patty each
  BlockingQueue<Patty> cooked;
};

void take_orders(Shop& shop, int customers) {
  for (int customer = 1; customer <= customers; ++customer) {
    shop.places.acquire();
    std::this_thread::sleep_for(takes(0.3));
    say("orders", fmt::format("customer {} has ordered", customer));
    shop.orders.push({customer});
    shop.wanted.push({customer});
  }
  shop.orders.close();
  shop.wanted.close();
}

// Puts on what is wanted, takes off what is done, and sleeps until there is one or the other.
void cook_patties(Shop& shop) {
  struct OnGrill {
    Patty patty;
    Clock::time_point done;
  };
  std::deque<OnGrill> grill;
  int patties = 0;
  while (true) {
    const Clock::time_point next = grill.empty() ? Clock::time_point::max() : grill.front().done;
    if (shop.wanted.pop_until(next)) {
      grill.push_back({{++patties}, Clock::now() + takes(2)});
      say("grill", fmt::format("patty {} is on", patties));
    } else if (grill.empty()) {
      break;  // nothing on it, and nothing more is wanted
    } else {
      std::this_thread::sleep_until(next);
      say("grill", fmt::format("patty {} is done", grill.front().patty.number));
      shop.cooked.push(grill.front().patty);
      grill.pop_front();
    }
  }
  shop.cooked.close();
}

void make_burgers(Shop& shop) {
  while (const std::optional<Order> order = shop.orders.pop()) {
    const std::optional<Patty> patty = shop.cooked.pop();
    if (!patty) throw std::logic_error("a patty is missing");
    std::this_thread::sleep_for(takes(0.3));
    say("burgers", fmt::format("customer {} gets a burger with patty {}", order->customer, patty->number));
    shop.places.release();
  }
}

}  // namespace

int main(int argc, char** argv) {
  Program program("One worker, three tasks at a time: threads.");
  int customers = 12;
  program.option("--customers", customers, "how many come", 1, 1000);
  return program.run(argc, argv, [&] {
    Shop shop;
    std::thread orders(take_orders, std::ref(shop), customers);
    std::thread patties(cook_patties, std::ref(shop));
    std::thread burgers(make_burgers, std::ref(shop));
    orders.join();
    patties.join();
    burgers.join();
    say("shop", fmt::format("{} customers served", customers));
  });
}
