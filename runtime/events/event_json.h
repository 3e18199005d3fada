// Events as JSON, one object each: the schema that the stream, `coffees logs --json` and recordings share.
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "events/record.h"

namespace coffees::events {

/// Makes JSON of events. One per reading thread: it remembers what it wrote last.
///
/// Every object begins with "v" (the schema's version, 1), "seq" (counts all events, so a gap shows), "time"
/// (RFC 3339, UTC, microseconds) and "type". What follows depends on the type; durations are milliseconds,
/// sizes bytes. New fields may be added at the end, nothing else changes within version 1.
class EventJson {
 public:
  /// `functions`: names by FunctionIndex; outlives this.
  explicit EventJson(const std::vector<std::string>& functions) : functions_(functions) {}

  /// Appends one object, without a line end.
  void append(std::string& out, const Event& event);
  /// "2026-01-31T12:00:00.123456Z" for nanoseconds since 1970.
  std::string time(std::int64_t nanoseconds);
  /// "espresso#3", or "espresso" for worker 0; empty for no function.
  [[nodiscard]] std::string worker_name(FunctionIndex function, std::uint32_t worker) const;

  /// The first object of a stream or recording: who speaks. `configuration` is a digest that changes with it.
  std::string hello(std::string_view version, std::string_view configuration, std::uint64_t newest);
  /// What the server itself has to say among its JSON lines.
  static std::string notice(std::string_view text);
  /// In place of `count` events that were overwritten before they could be read; the first of them was
  /// number `from`.
  static std::string dropped(std::uint64_t from, std::uint64_t count);

 private:
  std::string_view second(std::int64_t nanoseconds);

  const std::vector<std::string>& functions_;
  std::time_t second_ = -1;
  std::string second_text_;
};

/// Nanoseconds as milliseconds with three decimals, "12.345".
void append_milliseconds(std::string& out, std::int64_t nanoseconds);

}  // namespace coffees::events
