// storm: runs seeds one after the other until an invariant does not hold.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>

#include "storm/storm.h"

namespace {

int run_twice(std::uint64_t first, std::uint64_t seeds) {
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const coffees::storm::Result one = coffees::storm::run(seed);
    const coffees::storm::Result other = coffees::storm::run(seed);
    if (one.digest == other.digest && one.events == other.events) continue;
    fmt::print(stderr, "seed {} has other events the second time: {} and {} of them\n", seed, one.events,
               other.events);
    return 1;
  }
  fmt::print("{} seeds have the same events twice\n", seeds);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("The dispatcher's real parts in simulated time, with everything that can go wrong.");
  std::uint64_t seeds = 10'000;
  std::uint64_t first = 1;
  bool one = false;
  bool twice = false;
  app.add_option("--seeds", seeds, "how many seeds, from the first on");
  app.add_option("--seed", first, "run this seed alone")->each([&one](const std::string&) { one = true; });
  app.add_flag("--twice", twice, "run each seed twice, and compare their events byte for byte");
  CLI11_PARSE(app, count, arguments);
  std::signal(SIGPIPE, SIG_IGN);
  if (one) seeds = 1;
  if (twice) return run_twice(first, seeds);
  std::uint64_t requests = 0;
  std::uint64_t events = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const coffees::storm::Result result = coffees::storm::run(seed);
    requests += result.requests;
    events += result.events;
    if (result.violation.empty()) continue;
    fmt::print(stderr, "seed {} violates: {}\n  again: {} --seed {}\n", seed, result.violation, arguments[0],
               seed);
    return 1;
  }
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print("{} seeds, 0 violations; {} requests and {} events a seed, {:.0f} events/s\n", seeds,
             requests / seeds, events / seeds, static_cast<double>(events) / took);
  return 0;
}
