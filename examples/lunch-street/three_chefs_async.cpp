// Three chefs, with coroutines.
//
// The same kitchen as in three_chefs_threads.cpp on a single thread. Every order is a task from the start,
// but only three may be in the kitchen at once: a semaphore with three places. A chef who waits (for water to
// boil, for a pan to get hot) lets the others go on.
#include <fmt/format.h>

#include <deque>
#include <random>

#include "street/async.h"
#include "street/menu.h"

using namespace lunch;

namespace {

constexpr int kChefs = 3;

struct Kitchen {
  AsyncSemaphore places{kChefs};
  std::deque<int> free_chefs;
  std::vector<std::optional<std::string>> plates;  // by order
  Signal plate_ready;
};

Task<> work(Kitchen& kitchen, std::size_t number, Dish dish) {
  co_await kitchen.places.acquire();
  const int number_of_chef = kitchen.free_chefs.front();
  kitchen.free_chefs.pop_front();
  const std::string chef = fmt::format("chef {}", number_of_chef);
  for (const Step& step : prepare(dish)) {
    say(chef, fmt::format("order {}: {}", number, step.what));
    co_await pause(step.takes);
  }
  say(chef, fmt::format("order {}: is ready", number));
  kitchen.plates[number - 1] = dish.name;
  kitchen.plate_ready.notify();
  kitchen.free_chefs.push_back(number_of_chef);
  kitchen.places.release();
}

Task<> serve_in_order(Kitchen& kitchen) {
  for (std::size_t i = 0; i < kitchen.plates.size(); ++i) {
    while (!kitchen.plates[i]) co_await kitchen.plate_ready.wait();
    say("waiter", fmt::format("brings order {}: {}", i + 1, *kitchen.plates[i]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Program program("A kitchen with three places for chefs: coroutines and a semaphore.");
  int customers = 0;
  unsigned seed = std::random_device()();
  program.option("--customers", customers, "how many come; 0: 1 to 10, at random", 0, 1000);
  program.option("--seed", seed, "the same seed brings the same customers");
  return program.run(argc, argv, [&] {
    Loop loop(1);
    Kitchen kitchen;
    for (int chef = 1; chef <= kChefs; ++chef) kitchen.free_chefs.push_back(chef);
    for (Dish& dish : random_orders(customers, seed)) {
      kitchen.plates.emplace_back();
      say("waiter", fmt::format("order {} is {}", kitchen.plates.size(), dish.name));
      start(loop, work(kitchen, kitchen.plates.size(), std::move(dish)));
    }
    start(loop, serve_in_order(kitchen));
    loop.run();
  });
}
