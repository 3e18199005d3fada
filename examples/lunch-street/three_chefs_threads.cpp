// Three chefs, with threads.
//
// A random number of customers order from a menu of five dishes. The kitchen has three chefs, each a thread;
// whoever is free takes the next order, so at most three dishes are in progress. A dish is a lazy pipeline
// (street/menu.h): get ingredients, cook, season, serve. The waiter brings the plates in the order in which
// they were ordered, whichever is ready first: a future for each.
#include <fmt/format.h>

#include <future>
#include <random>
#include <thread>

#include "street/blocking_queue.h"
#include "street/menu.h"

using namespace lunch;

namespace {

constexpr int kChefs = 3;

struct Order {
  std::size_t number;
  Dish dish;
  std::promise<std::string> plate;
};

void work(BlockingQueue<Order>& orders, const std::string& chef) {
  while (std::optional<Order> order = orders.pop()) {
    for (const Step& step : prepare(order->dish)) {
      say(chef, fmt::format("order {}: {}", order->number, step.what));
      std::this_thread::sleep_for(takes(step.takes));
    }
    say(chef, fmt::format("order {}: is ready", order->number));
    order->plate.set_value(order->dish.name);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Program program("A kitchen with a pool of three chefs: threads.");
  int customers = 0;
  unsigned seed = std::random_device()();
  program.option("--customers", customers, "how many come; 0: 1 to 10, at random", 0, 1000);
  program.option("--seed", seed, "the same seed brings the same customers");
  return program.run(argc, argv, [&] {
    BlockingQueue<Order> orders;
    std::vector<std::future<std::string>> plates;
    for (Dish& dish : random_orders(customers, seed)) {
      Order order{plates.size() + 1, std::move(dish), {}};
      say("waiter", fmt::format("order {} is {}", order.number, order.dish.name));
      plates.push_back(order.plate.get_future());
      orders.push(std::move(order));
    }
    orders.close();

    std::vector<std::jthread> chefs;  // joined at the end
    for (int i = 1; i <= kChefs; ++i) chefs.emplace_back(work, std::ref(orders), fmt::format("chef {}", i));
    for (std::size_t i = 0; i < plates.size(); ++i)
      say("waiter", fmt::format("brings order {}: {}", i + 1, plates[i].get()));
  });
}
