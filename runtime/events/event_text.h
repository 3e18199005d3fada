// Events as people read them on a terminal, one line each.
#pragma once

#include <string>
#include <vector>

#include "events/record.h"

namespace coffees::events {

/// How lines are made.
struct TextStyle {
  bool colour = false;
};

/// Makes lines of events. One per reading thread.
class EventText {
 public:
  /// `functions`: names by FunctionIndex; outlives this.
  EventText(const std::vector<std::string>& functions, TextStyle style)
      : functions_(functions), style_(style) {}

  /// The line for one event, without its end; empty for those that would only be noise (busy, idle, ...).
  /// What a handler printed always stands behind "worker | ", with control bytes spelled out: it can neither
  /// begin a line of its own nor speak to the terminal. What the runtime says there stands behind "worker *
  /// ".
  [[nodiscard]] std::string line(const Event& event) const;

 private:
  [[nodiscard]] std::string finished(const Event& event) const;
  [[nodiscard]] std::string refused(const Event& event) const;
  [[nodiscard]] static std::string request_line(const Event& event);
  [[nodiscard]] static std::string ids(const Event& event);
  [[nodiscard]] std::string worker_name(const Header& header) const;
  [[nodiscard]] std::string paint(std::string_view text, const char* colour) const;

  const std::vector<std::string>& functions_;
  TextStyle style_;
};

/// Local time of day, "12:00:03.120", of nanoseconds since 1970.
std::string time_of_day(std::int64_t nanoseconds);

}  // namespace coffees::events
