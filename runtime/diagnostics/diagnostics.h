// What the server has to say about itself, for its operator: a line on the console and in a log file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/defaults.h"
#include "clock.h"
#include "console.h"

namespace coffees::diagnostics {

/// How much it matters. A setting names the least that is said.
enum class Level { debug, info, warning, error, off };

/// Which part of the server says it: the name of the logger. `server` is what its owner is told on the
/// console in other ways: it goes to the log file alone.
enum class Room { server, http, admin, pool, worker, zygote };

/// Where it goes.
struct Settings {
  Level least = Level::info;
  bool json = false;                                 ///< one JSON object a line instead of words
  std::string file;                                  ///< a log file beside the console; empty: none
  std::uint64_t file_size = defaults::kLogFileSize;  ///< bytes; then it is renamed to NAME.1.EXT, and so on
  const Clock* clock = nullptr;                      ///< for what is said seldom; null: the machine's
  std::uint32_t files = defaults::kLogFiles;         ///< of the older ones
};

/// From its construction to its end, say() reaches the console and the file. One at a time; made before and
/// ended after all threads that say something.
class Diagnostics {
 public:
  /// Throws std::runtime_error when the file cannot be written. `console` outlives this.
  Diagnostics(const Settings& settings, Console& console);
  Diagnostics(const Diagnostics&) = delete;
  Diagnostics& operator=(const Diagnostics&) = delete;
  /// Writes what has been said.
  ~Diagnostics();

 private:
  friend void say(Room room, Level level, std::string_view message);
  friend void warn_seldom(Room room, std::string_view what, std::string_view message);
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Any thread; never waits for a reader or a disk. What comes faster than it can be written replaces what is
/// older. Says nothing where there is no Diagnostics. Texts may hold what handlers and clients have made.
void say(Room room, Level level, std::string_view message);

inline void warn(Room room, std::string_view message) { say(room, Level::warning, message); }

/// A warning about something that may happen very often: at most once in ten seconds for each `what` (a short
/// text of ours), and the next one says how many there were in between.
void warn_seldom(Room room, std::string_view what, std::string_view message);

/// The warning of all that meet the memory budget.
constexpr std::string_view kOverBudget =
    "the memory budget is used up: large requests and answers get 503 until clients have taken theirs; "
    "`memory_budget` of [server] is the limit";

/// "debug", "info", ...
const char* name_of(Level level);

}  // namespace coffees::diagnostics
