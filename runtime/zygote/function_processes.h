// What ZygoteSource knows of a function's init and zygote. Private to zygote/.
#pragma once

#include <optional>
#include <string>

#include "zygote/zygote_source.h"

namespace coffees::zygote {

// A zygote none of whose workers has come up for this long, while some are asked for, is replaced.
constexpr auto kSilence = std::chrono::seconds(2);

// Init and a zygote without a library do a fixed amount of work; a machine that needs longer is in trouble.
constexpr auto kLaunchTimeout = std::chrono::seconds(10);

inline Outcome success() { return {}; }
inline bool ok(const Outcome& outcome) { return outcome.kind == Outcome::Kind::ok; }

/// The machine refused something: an outcome that says `what`.
Outcome no_resources(const std::string& what);
/// The library does not let workers start.
inline Outcome init_failed(std::string what, std::string hint) {
  return Outcome::failure(Outcome::Kind::init_failed, std::move(what), std::move(hint));
}

// The init of this function, alive while its channel is.
struct ZygoteSource::Init {
  Init(const Executor& executor, platform::UniqueFd end)
      : channel(executor, end.release()), changed(executor) {}
  Descriptor channel;
  Signal changed;
  platform::UniqueFd process;
  bool sandboxed = false;
  bool gone = false;
  std::optional<Report> failure;
};

// Why a handler library did not come to life, in a zygote or in a worker.
struct ZygoteSource::LoadTrouble {
  bool timed_out = false;
  std::optional<Report> failure;
  std::optional<platform::ExitStatus> exit;
  std::string how;  ///< how the process ended, where it said so itself
};

// One zygote, from its start to its death.
struct ZygoteSource::Zygote : LoadTrouble {
  Zygote(const Executor& executor, platform::UniqueFd end)
      : channel(executor, end.release()), changed(executor) {}
  Descriptor channel;
  Signal changed;
  platform::UniqueFd process;
  std::int32_t pid = 0;  ///< in the function's PID namespace; 0 before init has said it
  bool ready = false;
  bool gone = false;      ///< its channel is closed
  bool given_up = false;  ///< by us: its end is no news
  TimePoint answered;     ///< when it last showed that it forks
  Duration init_time{0};
  std::uint32_t threads = 1;
  std::uint32_t open_files = 0;  ///< that its library has opened
  std::string open_names;        ///< the first of them, as the zygote says
  std::unordered_map<WorkerNumber, Report> failed_forks;
  std::shared_ptr<LogPipe> log;
};

}  // namespace coffees::zygote
