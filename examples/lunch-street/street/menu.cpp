#include "street/menu.h"

#include <random>

namespace lunch {
namespace {

Generator<Step> get_ingredients(const Dish& dish) {
  for (const std::string& ingredient : dish.ingredients) {
    const Step step{"gets " + ingredient, 0.2};
    co_yield step;
  }
}

Generator<Step> cook(Generator<Step> before) {
  for (const Step& step : before) co_yield step;
  const Step step{"cooks", 2};
  co_yield step;
}

Generator<Step> season(Generator<Step> before) {
  for (const Step& step : before) co_yield step;
  const Step step{"seasons", 0.5};
  co_yield step;
}

Generator<Step> serve(Generator<Step> before) {
  for (const Step& step : before) co_yield step;
  const Step step{"serves", 0.2};
  co_yield step;
}

}  // namespace

const std::vector<Dish>& menu() {
  static const std::vector<Dish> dishes{{"tomato soup", {"tomatoes", "an onion", "stock"}},
                                        {"mushroom risotto", {"rice", "mushrooms", "stock", "cheese"}},
                                        {"fish and chips", {"a fish", "potatoes"}},
                                        {"vegetable curry", {"chickpeas", "spinach", "coconut milk"}},
                                        {"pancakes", {"flour", "eggs", "milk"}}};
  return dishes;
}

Generator<Step> prepare(const Dish& dish) { return serve(season(cook(get_ingredients(dish)))); }

std::vector<Dish> random_orders(int customers, unsigned seed) {
  std::mt19937 random(seed);
  if (customers == 0) customers = std::uniform_int_distribution(1, 10)(random);
  std::uniform_int_distribution<std::size_t> choice(0, menu().size() - 1);
  std::vector<Dish> orders;
  orders.reserve(static_cast<std::size_t>(customers));
  for (int i = 0; i < customers; ++i) orders.push_back(menu()[choice(random)]);
  return orders;
}

}  // namespace lunch
