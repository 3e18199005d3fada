// What this host allows, found out by doing it, and said in words a user can act on.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "loop.h"
#include "platform/isolation.h"
#include "timer_queue.h"

namespace coffees::cli {

/// One line of the start-up report.
struct Feature {
  std::string name;
  bool on = false;
  std::string reason;  ///< why it is off, or how it is done
};

/// The level that was reached, and what it is made of.
struct HostFacts {
  platform::isolation::Level level = platform::isolation::Level::basic;
  std::vector<Feature> features;
  std::string why_not_full;    ///< empty when the level is full
  std::string worker_program;  ///< path of coffees-worker
};

/// Tries the whole recipe once, in throw-away processes: never by version numbers, since the first step can
/// succeed and the second fail. Runs the loop. `wish` none tries nothing.
HostFacts explore_host(Loop& loop, TimerQueue& timers, config::IsolationWish wish);

/// The directory of the running program.
std::string program_directory();

}  // namespace coffees::cli
