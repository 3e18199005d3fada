#include "memory_budget.h"

namespace coffees {
namespace {

// An ordinary request is counted once or twice, however its parts grow.
constexpr std::size_t kStep = 8 * 1024;

}  // namespace

bool MemoryBudget::take(std::size_t more, std::size_t in_all) {
  const std::uint64_t limit = in_all <= kSmall ? limit_ : limit_ - limit_ / 8;
  // Two threads that meet at the limit may both be turned away; neither passes it.
  if (held_.fetch_add(more, std::memory_order_relaxed) + more <= limit) return true;
  give_back(more);
  return false;
}

bool MemoryCharge::hold(std::size_t bytes) {
  const std::size_t rounded = (bytes + kStep - 1) / kStep * kStep;
  if (budget_ == nullptr || rounded == bytes_) return true;
  if (rounded < bytes_)
    budget_->give_back(bytes_ - rounded);
  else if (!budget_->take(rounded - bytes_, rounded))
    return false;
  bytes_ = rounded;
  return true;
}

void MemoryCharge::clear() {
  if (bytes_ > 0) budget_->give_back(std::exchange(bytes_, 0));
}

}  // namespace coffees
