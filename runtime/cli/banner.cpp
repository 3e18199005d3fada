#include "cli/banner.h"

#include <fmt/format.h>

#include "base/units.h"

namespace coffees::cli {

void print_banner(Console& console, const config::Config& configuration, const HostFacts& host,
                  const std::string& url, const std::string& admin_url) {
  console.line(fmt::format("Cloud Coffees {}  {}  {} functions", COFFEES_VERSION, url,
                           configuration.functions.size()));
  for (const config::Function& function : configuration.functions) {
    const std::string opened = config::opened(function);
    console.line(fmt::format(
        "  {:<14} {}/{:<14} timeout {:<6} keep-warm {:<8} limit {}{}", function.name, url, function.name,
        format_duration(function.timeout), format_duration(function.keep_warm), function.limit,
        opened.empty() ? ""
                       : fmt::format("  isolation {}{}", platform::isolation::name_of(host.level), opened)));
  }
  console.line(fmt::format(
      "watch: {}  (metrics /metrics, events /api/v1/events), or: coffees ps, logs -f, stats", admin_url));
  console.line(fmt::format("isolation: {}", platform::isolation::name_of(host.level)));
  for (const Feature& feature : host.features)
    console.line(fmt::format("  {:<20} {:<4} {}", feature.name, feature.on ? "on" : "off", feature.reason));
  console.line(fmt::format("try: curl -i -d '{{\"drink\":\"espresso\"}}' {}/{}   (Ctrl-C stops)", url,
                           configuration.functions.empty() ? "..." : configuration.functions.front().name));
}

}  // namespace coffees::cli
