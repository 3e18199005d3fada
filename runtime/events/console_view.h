// What `serve` tells the person in front of it about invocations, logs and workers.
#pragma once

#include "console.h"
#include "events/event_json.h"
#include "events/event_text.h"
#include "events/follower.h"

namespace coffees::events {

/// One line per event worth a line; above 100 invocations (or 100 log lines) in a second, one summary line at
/// the end of that second instead.
class ConsoleView : public View {
 public:
  enum class Format { text, json };
  ConsoleView(const EventLog& log, Console& console, Format format, TextStyle style)
      : console_(console), format_(format), text_(log.functions(), style), json_(log.functions()) {}

  void event(const Event& event) override;
  void dropped(std::uint64_t first, std::uint64_t count) override;
  void rest() override;

 private:
  struct Second {
    std::int64_t number = 0;  ///< since 1970
    std::uint64_t invocations = 0;
    std::uint64_t not_shown = 0;
    std::uint64_t ok = 0;
    std::uint64_t cold = 0;
    std::int64_t longest = 0;  ///< nanoseconds
    std::uint64_t log_lines = 0;
    std::uint64_t log_lines_not_shown = 0;
    std::uint64_t dropped = 0;
  };

  void enter(std::int64_t second);
  void count(const Event& event, bool& show);
  void summarise();

  Console& console_;
  Format format_;
  EventText text_;
  EventJson json_;
  Second second_;
};

}  // namespace coffees::events
