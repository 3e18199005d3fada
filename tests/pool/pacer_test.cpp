#include "pool/pacer.h"

#include "catch.h"

using coffees::Pacer;

namespace {

using std::chrono::microseconds;

// A function that has shown to be quick, on two processors.
Pacer trusted(Pacer::Time cpu = microseconds(100)) {
  Pacer pacer(2);
  for (int i = 0; i < 16; ++i) pacer.over(pacer.handed_over(), false, cpu);
  return pacer;
}

}  // namespace

TEST_CASE("a function that nobody knows yet may run as often as it likes") {
  Pacer pacer(2);
  for (int i = 0; i < 100; ++i) pacer.handed_over();
  CHECK_FALSE(pacer.crowded(true));
}

TEST_CASE("of a quick function two run for each processor, and the next when one is over") {
  Pacer pacer = trusted();
  for (int i = 0; i < 3; ++i) pacer.handed_over();
  CHECK_FALSE(pacer.crowded(true));
  const Pacer::Mark last = pacer.handed_over();
  CHECK(pacer.crowded(true));
  pacer.over(last, false, microseconds(100));
  CHECK_FALSE(pacer.crowded(true));
}

TEST_CASE("of a function that costs next to nothing one runs at once") {
  Pacer pacer = trusted(microseconds(5));
  CHECK(pacer.tiny());
  CHECK_FALSE(pacer.crowded(true));
  const Pacer::Mark only = pacer.handed_over();
  CHECK(pacer.crowded(true));
  CHECK_FALSE(pacer.crowded(false));  // where it cannot be handed over behind that one
  // One that took long does not make the others expensive, many do.
  pacer.over(only, false, microseconds(100));
  CHECK(pacer.tiny());
  for (int i = 0; i < 16; ++i) pacer.over(pacer.handed_over(), false, microseconds(100));
  CHECK_FALSE(pacer.tiny());
  CHECK(pacer.trusts());
}

TEST_CASE("one invocation that waited or took long ends the pacing") {
  const auto [waited, cpu] = GENERATE(std::pair(true, microseconds(5)), std::pair(false, microseconds(500)));
  Pacer pacer = trusted();
  const Pacer::Mark slow = pacer.handed_over();
  for (int i = 0; i < 5; ++i) pacer.handed_over();
  CHECK(pacer.crowded(true));
  pacer.over(slow, waited, cpu);
  CHECK_FALSE(pacer.crowded(true));
}

TEST_CASE("those that were given up do not count when they end at last") {
  Pacer pacer = trusted();
  Pacer::Mark stuck = 0;
  for (int i = 0; i < 4; ++i) stuck = pacer.handed_over();
  CHECK(pacer.crowded(true));
  pacer.give_up();
  CHECK_FALSE(pacer.crowded(true));
  for (int i = 0; i < 16; ++i) pacer.over(pacer.handed_over(), false, microseconds(100));
  pacer.over(stuck, false, microseconds(100));
  for (int i = 0; i < 4; ++i) pacer.handed_over();
  CHECK(pacer.crowded(true));
}
