// From configuration to parts: what a function's processes are started with, and its pool.
#pragma once

#include <memory>
#include <vector>

#include "config/config.h"
#include "dispatcher/dispatcher.h"
#include "http/origins.h"
#include "loop.h"
#include "timer_queue.h"
#include "zygote/zygote_source.h"

namespace coffees::cli {

struct HostFacts;

/// The settings of a function's worker source. `index` tells functions apart: as root each gets a host user
/// id of its own.
zygote::SourceSettings source_settings(const config::Function& function, const config::Server& server,
                                       const HostFacts& host, std::uint32_t index);

/// Pools for all functions, with their sources (borrowed from the pools), in the configuration's order.
struct Assembly {
  FunctionCatalog catalog;
  std::vector<zygote::ZygoteSource*> sources;
};
Assembly assemble(Loop& loop, TimerQueue& timers, const config::Config& configuration, const HostFacts& host,
                  LogSink& sink, events::EventLog& log, MemoryBudget& budget);

/// Bytes that requests and answers may take: as configured, else a quarter of the memory that this process
/// may use.
std::uint64_t memory_budget(const config::Server& server);

/// Which web pages may call which function.
http::Origins origins_of(const config::Config& configuration);

/// Closes the sources and waits until every process of theirs has ended, 2 s at most. Returns whether all
/// have.
bool end_processes(Loop& loop, const std::vector<zygote::ZygoteSource*>& sources);

}  // namespace coffees::cli
