#include "admin/admin_server.h"

#include "diagnostics/diagnostics.h"
#include "platform/scheduling.h"

namespace coffees::admin {
namespace {

// Tighter than on the invoke port: requests are small here, and their senders read the answers at once.
http::ServerSettings settings(std::size_t max_connections, MemoryBudget& budget) {
  http::ServerSettings settings;
  settings.limits = {
      .head = {.request_line = 4 * 1024, .field_line = 8 * 1024, .total = 32 * 1024, .fields = 64},
      .head_time = std::chrono::seconds(2),
      .max_body = 64 * 1024,
      .min_upload = 32 * 1024,
      .slow_body_hint = ""};
  settings.max_connections = max_connections;
  settings.stall_time = std::chrono::seconds(5);
  settings.budget = &budget;
  settings.linger = std::chrono::milliseconds(500);
  return settings;
}

}  // namespace

AdminServer::AdminServer(GuardSettings guard, std::size_t max_connections, MemoryBudget& budget)
    : timers_(loop_.get_executor(), clock_),
      service_(std::move(guard)),
      server_(loop_, timers_, service_, settings(max_connections, budget)),
      bell_(loop_.get_executor(), [this] {
        bridge_->bell_has_rung();
        api_->bell_has_rung();
      }) {}

void AdminServer::start(const Sources& sources, Loop& dispatcher_loop) {
  const Executor home = loop_.get_executor();
  bridge_.emplace(dispatcher_loop, home, timers_, bell_);
  scans_.emplace(home);
  api_.emplace(sources, *bridge_, *scans_, home, timers_, bell_);
  service_.set_api(*api_);
  server_.start();
  thread_ = std::thread([this] { run(); });
}

void AdminServer::run() {
  platform::scheduling::give_way();
  while (true) {
    try {
      loop_.run();
      return;
    } catch (const std::exception& failure) {
      // Out of memory, most likely: what threw is lost, the others go on.
      diagnostics::warn_seldom(
          diagnostics::Room::admin, "exception",
          std::string("work on the admin port was lost to an internal error: ") + failure.what());
    }
  }
}

void AdminServer::close_bridge() { bridge_->close(); }

// Streams end by themselves after their last event, except where the client does not read.
Task<> AdminServer::end_when_told() {
  const TimePoint limit = timers_.now() + std::chrono::milliseconds(500);
  while (!server_.is_quiet() && timers_.now() < limit)
    co_await sleep_until(timers_, timers_.now() + std::chrono::milliseconds(2));
  loop_.stop();
}

void AdminServer::stop() {
  if (!thread_.joinable()) return;
  asio::post(loop_, [this] { spawn_detached(loop_.get_executor(), end_when_told()); });
  thread_.join();
  scans_->stop();
  loop_.abandon();
}

}  // namespace coffees::admin
