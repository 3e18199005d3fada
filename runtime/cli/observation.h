// The log's views that `serve` keeps running beside the loop: console, recording, admin port.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "admin/admin_server.h"
#include "cli/commands.h"
#include "cli/host_facts.h"
#include "console.h"
#include "events/follower.h"
#include "worker/log_pipe.h"

namespace coffees::cli {

/// What processes print becomes events.
class LoggedOutput : public LogSink {
 public:
  explicit LoggedOutput(events::EventLog& log) : log_(log) {}
  void line(const LogOrigin& origin, std::string_view request_id, std::string_view line) override {
    log_.log(origin.function, origin.worker, request_id, line, SteadyClock::now());
  }
  void note(const LogOrigin& origin, std::string_view request_id, std::string_view text) override {
    log_.note(origin.function, origin.worker, request_id, text, SteadyClock::now());
  }
  void dropped(const LogOrigin& origin, std::size_t bytes) override {
    log_.log_dropped(origin.function, bytes);
  }

 private:
  events::EventLog& log_;
};

/// Starts the threads that show and record, as the options want them. Throws platform::SystemError when the
/// recording's file cannot be opened. It is opened anew, within a second, whenever `reopenings` has changed;
/// that number outlives the threads.
std::vector<std::unique_ptr<events::Follower>> start_followers(const ServeOptions& options,
                                                               const events::EventLog& log, Console& console,
                                                               const std::string& digest,
                                                               const std::atomic<std::uint32_t>& reopenings);

/// What `GET /api/v1/isolation` answers.
admin::Json isolation_document(const HostFacts& host, const config::Config& configuration);

/// What `GET /api/v1/config` answers.
admin::Json config_document(const std::vector<config::Effective>& effective);

}  // namespace coffees::cli
