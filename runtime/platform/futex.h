// Sleeping until a word in shared memory changes. futex(2).
#pragma once

#include <atomic>
#include <cstdint>

namespace coffees::platform {

/// Sleeps while `word` holds `value`. May also return for no reason: look again.
void wait_while_equal(std::atomic<std::uint32_t>& word, std::uint32_t value);

/// Wakes one that sleeps on `word`, in whatever process.
void wake_one(std::atomic<std::uint32_t>& word);

}  // namespace coffees::platform
