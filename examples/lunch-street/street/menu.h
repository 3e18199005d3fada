// The menu of the three chefs' kitchen, and how a dish comes about: a lazy pipeline of steps.
#pragma once

#include <string>
#include <vector>

#include "street/generator.h"

namespace lunch {

struct Dish {
  std::string name;
  std::vector<std::string> ingredients;
};
/// Five dishes.
const std::vector<Dish>& menu();

/// What a chef does next, and how long it takes in the story's seconds.
struct Step {
  std::string what;
  double takes;
};
/// Get the ingredients, cook, season, serve. Each stage asks the one before for its next step only when it is
/// asked itself: nothing of a dish happens before a chef takes it in hand.
/// Borrows the dish.
Generator<Step> prepare(const Dish& dish);

/// What `customers` of them order, at random but the same for the same seed. 0: 1 to 10 customers.
std::vector<Dish> random_orders(int customers, unsigned seed);

}  // namespace lunch
