#include "cli/observation.h"

#include <cstdlib>

#include "cli/terminal.h"
#include "events/console_view.h"
#include "events/recording.h"
#include "platform/output.h"
#include "platform/syscall.h"

namespace coffees::cli {

std::vector<std::unique_ptr<events::Follower>> start_followers(const ServeOptions& options,
                                                               const events::EventLog& log, Console& console,
                                                               const std::string& digest,
                                                               const std::atomic<std::uint32_t>& reopenings) {
  std::vector<std::unique_ptr<events::Follower>> followers;
  if (!options.record.empty()) {
    const auto say = [&console](const std::string& text) {
      console.notice(text);
      console.flush();
    };
    auto recording =
        std::make_unique<events::Recording>(log, options.record,
                                            events::RecordingSettings{.version = COFFEES_VERSION,
                                                                      .configuration = digest,
                                                                      .texts = options.record_texts,
                                                                      .piece_size = options.record_size},
                                            say);
    recording->reopen_on_change(reopenings);
    followers.push_back(std::make_unique<events::Follower>(log, std::move(recording)));
  }
  if (!options.quiet) {
    const auto format =
        options.log_format == "json" ? events::ConsoleView::Format::json : events::ConsoleView::Format::text;
    followers.push_back(std::make_unique<events::Follower>(
        log, std::make_unique<events::ConsoleView>(
                 log, console, format, events::TextStyle{.colour = wants_colour(2, options.no_colour)})));
  }
  return followers;
}

admin::Json isolation_document(const HostFacts& host, const config::Config& configuration) {
  admin::Json features = admin::Json::array();
  for (const Feature& feature : host.features)
    features.push_back({{"name", feature.name}, {"on", feature.on}, {"reason", feature.reason}});
  const std::string level = platform::isolation::name_of(host.level);
  admin::Json functions = admin::Json::array();
  for (const config::Function& function : configuration.functions)
    functions.push_back({{"name", function.name}, {"isolation", level + config::opened(function)}});
  return {{"level", level}, {"features", features}, {"functions", functions}};
}

admin::Json config_document(const std::vector<config::Effective>& effective) {
  admin::Json values = admin::Json::array();
  for (const config::Effective& one : effective)
    values.push_back({{"key", one.key}, {"value", one.value}, {"origin", one.origin}});
  return {{"values", values}};
}

}  // namespace coffees::cli
