#include "pool/pacer.h"

#include "catch.h"

using coffees::Pacer;

namespace {

// A function that has shown to be quick, on two processors.
Pacer trusted() {
  Pacer pacer(2);
  for (int i = 0; i < 16; ++i) pacer.over(pacer.handed_over(), true);
  return pacer;
}

}  // namespace

TEST_CASE("a function that nobody knows yet may run as often as it likes") {
  Pacer pacer(2);
  for (int i = 0; i < 100; ++i) pacer.handed_over();
  CHECK_FALSE(pacer.crowded());
}

TEST_CASE("of a quick function two run for each processor, and the next when one is over") {
  Pacer pacer = trusted();
  for (int i = 0; i < 3; ++i) pacer.handed_over();
  CHECK_FALSE(pacer.crowded());
  const Pacer::Mark last = pacer.handed_over();
  CHECK(pacer.crowded());
  pacer.over(last, true);
  CHECK_FALSE(pacer.crowded());
}

TEST_CASE("one invocation that waited or took long ends the pacing") {
  Pacer pacer = trusted();
  const Pacer::Mark slow = pacer.handed_over();
  for (int i = 0; i < 5; ++i) pacer.handed_over();
  CHECK(pacer.crowded());
  pacer.over(slow, false);
  CHECK_FALSE(pacer.crowded());
}

TEST_CASE("those that were given up do not count when they end at last") {
  Pacer pacer = trusted();
  Pacer::Mark stuck = 0;
  for (int i = 0; i < 4; ++i) stuck = pacer.handed_over();
  CHECK(pacer.crowded());
  pacer.give_up();
  CHECK_FALSE(pacer.crowded());
  for (int i = 0; i < 16; ++i) pacer.over(pacer.handed_over(), true);
  pacer.over(stuck, true);
  for (int i = 0; i < 4; ++i) pacer.handed_over();
  CHECK(pacer.crowded());
}
