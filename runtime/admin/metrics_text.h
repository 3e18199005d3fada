// Metrics as Prometheus reads them (https://prometheus.io/docs/instrumenting/exposition_formats/, text
// 0.0.4).
#pragma once

#include <string>
#include <vector>

#include "admin/state.h"
#include "events/metrics.h"

namespace coffees::admin {

/// What /metrics is made of, copied out on the loop at one moment.
struct MetricsSource {
  State state;
  events::Metrics metrics;
  events::RefusalCounts refusals{};
  std::size_t event_streams = 0;
  std::uint64_t memory_budget = 0;  ///< bytes
  std::uint64_t memory_held = 0;    ///< bytes of it
};

/// Names follow OpenTelemetry's FaaS conventions where there is one (faas_...), else begin with coffees_.
/// faas_invocations_total counts successful invocations only, as the conventions have it;
/// coffees_invocations_total counts every one, by outcome and code. A timeout is no faas_errors_total.
std::string metrics_text(const MetricsSource& source, const std::vector<std::string>& functions,
                         const char* version);

}  // namespace coffees::admin
