#include "front/invoke_service.h"

#include <algorithm>

#include "front/invoke_handler.h"

namespace coffees::front {

std::unique_ptr<http::Handler> InvokeService::handler_for(http::Connection& connection) {
  return std::make_unique<InvokeHandler>(*this, connection);
}

void InvokeService::turned_away(std::string_view request_id) {
  dispatcher_.log().request_refused(RefusalCode::unavailable, request_id, {}, timers_.now());
}

const char* InvokeService::why_not_ready() const {
  if (dispatcher_.draining()) return "draining";
  const auto& catalog = dispatcher_.catalog();
  const bool all_fail = std::all_of(catalog.begin(), catalog.end(), [](const auto& entry) {
    return entry.second->breaker_is_open() || entry.second->source_status().state == "failed";
  });
  if (all_fail && !catalog.empty()) return "no function can be run";
  for (const auto& [name, pool] : catalog) {
    const scaler::Snapshot now = pool->snapshot();
    if (now.idle + now.busy < pool->settings().rules.min_warm) return "min_warm is not reached";
  }
  return nullptr;
}

}  // namespace coffees::front
