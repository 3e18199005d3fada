// The JSON documents and the page that tell about functions and workers, made of a copied state.
#pragma once

#include "admin/reply.h"
#include "admin/state.h"
#include "config/config.h"

namespace coffees::admin {

/// One function: its configuration's main values, how it is, and how many workers it has.
Json function_document(const config::Function& function, const FunctionState& state,
                       const std::string& isolation_level);

/// One worker. Reads its peak memory from /proc.
Json worker_document(const std::string& function, const WorkerStatus& worker, TimePoint now);

/// A plain page that lists functions and workers.
std::string start_page_html(const config::Config& configuration, const State& state,
                            const std::string& version, const std::string& invoke_url);

}  // namespace coffees::admin
