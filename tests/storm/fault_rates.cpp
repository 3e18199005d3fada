#include "storm/fault_rates.h"

namespace coffees::storm {

FaultRates draw_fault_rates(Random& random) {
  const auto up_to = [&random](unsigned most) { return static_cast<unsigned>(random.below(most)); };
  FaultRates faults;
  const std::uint64_t kind = random.below(4);
  if (kind == 0) return faults;
  if (kind == 1) {
    faults.crash = 100;
    faults.start_fails = 20;
    return faults;
  }
  faults.crash = up_to(20);
  faults.nonsense = up_to(6);
  faults.hang = up_to(6);
  faults.error = up_to(20);
  faults.slow = up_to(60);
  faults.chatty = up_to(20);
  faults.deaf = up_to(10);
  faults.unreported = random.chance(30) ? up_to(20) : 0;
  faults.start_fails = up_to(10);
  return faults;
}

}  // namespace coffees::storm
