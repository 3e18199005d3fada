// storm: runs seeds one after the other until an invariant does not hold.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "planted_bug.h"
#include "storm/plants.h"
#include "storm/storm.h"

namespace {

int run_twice(std::uint64_t first, std::uint64_t seeds) {
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const coffees::storm::Result one = coffees::storm::run(seed, true);
    const coffees::storm::Result other = coffees::storm::run(seed, true);
    if (!one.violation.empty()) {
      fmt::print(stderr, "seed {} violates: {}\n", seed, one.violation);
      return 1;
    }
    if (one.digest == other.digest && one.events == other.events) continue;
    fmt::print(stderr, "seed {} has other events the second time: {} and {} of them\n", seed, one.events,
               other.events);
    return 1;
  }
  fmt::print("{} seeds have the same events twice\n", seeds);
  return 0;
}

#ifdef COFFEES_PLANTS
constexpr bool kHasPlants = true;
void plant(std::string_view bug) { coffees::chosen_bug = bug; }
#else
constexpr bool kHasPlants = false;
void plant(std::string_view /*bug*/) {}
#endif

// What is being run, for a failure that ends the process.
std::uint64_t current_seed = 0;
std::string again;

void report(const std::string& violation) {
  fmt::print(stderr, "seed {} violates: {}\n  again: {} --seed {}\n", current_seed, violation, again,
             current_seed);
}

// An exception that leaves a destructor: a class that checks itself has found something.
[[noreturn]] void on_terminate() {
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::exception& error) {
    report(error.what());
  } catch (...) {
    report("something is thrown");
  }
  std::_Exit(1);
}

// Runs seeds until one violates an invariant. Returns false if one does.
bool hold(std::uint64_t first, std::uint64_t seeds) {
  std::uint64_t requests = 0;
  std::uint64_t events = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (current_seed = first; current_seed < first + seeds; ++current_seed) {
    const coffees::storm::Result result = coffees::storm::run(current_seed);
    requests += result.requests;
    events += result.events;
    if (result.violation.empty()) continue;
    report(result.violation);
    return false;
  }
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print("{} seeds, 0 violations; {} requests and {} events a seed, {:.0f} events/s\n", seeds,
             requests / seeds, events / seeds, static_cast<double>(events) / took);
  return true;
}

void choose(std::string_view bug) {
  plant(bug);
  again = bug.empty() ? "./dev storm" : fmt::format("./dev storm --plant {}", bug);
}

// Returns whether every planted bug is found within `seeds` seeds. A bug may end the process, so each gets
// its own.
bool grade(std::uint64_t first, std::uint64_t seeds) {
  std::size_t found = 0;
  for (const std::string_view bug : coffees::storm::kPlants) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      choose(bug);
      std::_Exit(hold(first, seeds) ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const bool held = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (held)
      fmt::print("{} is NOT FOUND\n", bug);
    else
      ++found;
  }
  fmt::print("{} of {} planted bugs are found\n", found, coffees::storm::kPlants.size());
  return found == coffees::storm::kPlants.size();
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("The dispatcher's real parts in simulated time, with everything that can go wrong.");
  std::uint64_t seeds = 10'000;
  std::uint64_t first = 1;
  bool one = false;
  bool twice = false;
  bool graded = false;
  std::string bug;
  app.add_option("--seeds", seeds, "how many seeds, from the first on")->check(CLI::PositiveNumber);
  app.add_option("--first", first, "the first seed");
  app.add_option("--seed", first, "run this seed alone")->each([&one](const std::string&) { one = true; });
  app.add_flag("--twice", twice, "run each seed twice, and compare their events byte for byte");
  app.add_option("--plant", bug, "run with this bug")->check(CLI::IsMember([] {
    return std::vector<std::string>(coffees::storm::kPlants.begin(), coffees::storm::kPlants.end());
  }()));
  app.add_flag("--grade", graded, "run with each of the planted bugs until it is found");
  CLI11_PARSE(app, count, arguments);
  std::signal(SIGPIPE, SIG_IGN);
  std::set_terminate(on_terminate);
  if (!kHasPlants && (graded || !bug.empty())) {
    fmt::print(stderr, "this build contains no planted bugs; `./dev storm` makes one that does\n");
    return 2;
  }
  if (one) seeds = 1;
  if (graded) return grade(first, seeds) ? 0 : 1;
  if (twice) return run_twice(first, seeds);
  choose(bug);
  return hold(first, seeds) ? 0 : 1;
}
