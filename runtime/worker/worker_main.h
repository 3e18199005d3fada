// The life of a worker process, from the fork to its last invocation.
#pragma once

#include <cstdint>
#include <string>

#include "platform/isolation.h"
#include "platform/unique_fd.h"

namespace coffees {

class HandlerLibrary;
struct DoorbellMemory;

/// What a new worker finds in its memory, copied by fork from its zygote.
struct WorkerSpec {
  platform::isolation::Sandbox sandbox;
  std::string function;                     ///< its name in the configuration
  std::uint32_t number = 0;                 ///< with the function, the worker's name
  const HandlerLibrary* library = nullptr;  ///< null: load it from `library_path` first (start = "fresh")
  std::string library_path;
  DoorbellMemory* bell = nullptr;     ///< inherited from the zygote
  std::int64_t command_received = 0;  ///< when the zygote read the command, CLOCK_MONOTONIC nanoseconds
  std::int64_t forked = 0;            ///< when this process first ran
};

/// What connects a new process with the dispatcher.
struct WorkerFds {
  platform::UniqueFd channel;
  platform::UniqueFd log;     ///< becomes standard output and error
  platform::UniqueFd shared;  ///< memory: a worker's mailbox, a zygote's bell
};

/// Isolates the calling process, reports to the dispatcher and serves one invocation after the other until
/// it is killed. Never returns.
[[noreturn]] void worker_main(const WorkerSpec& spec, WorkerFds fds,
                              platform::isolation::SandboxHandles inside);

}  // namespace coffees
