#include "events/event_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/units.h"
#include "events/wall_clock.h"
#include "invocation.h"
#include "refusal_code.h"

namespace coffees::events {
namespace {

constexpr const char* kRed = "31";
constexpr const char* kYellow = "33";
constexpr const char* kBlue = "34";

}  // namespace

std::string time_of_day(std::int64_t nanoseconds) {
  const auto second = static_cast<std::time_t>(nanoseconds / kSecond);
  return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(second), nanoseconds % kSecond / 1'000'000);
}

std::string EventText::worker_name(const Header& header) const {
  if (header.function >= functions_.size()) return "-";
  return header.worker == 0 ? functions_[header.function]
                            : fmt::format("{}#{}", functions_[header.function], header.worker);
}

std::string EventText::paint(std::string_view text, const char* colour) const {
  return style_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : std::string(text);
}

// "POST /latte/cups", as much of it as the event has; a hyphen for what could not be read.
std::string EventText::request_line(const Event& event) {
  const RequestLine line = event.request_line();
  std::string text = line.method.empty() ? "-" : visible(line.method);
  text += line.path.empty() ? " -" : " " + visible(line.path);
  if (line.path_bytes > line.path.size()) text += fmt::format("... ({} bytes)", line.path_bytes);
  return text;
}

// The id, and the one that the client had asked for, where that was in use.
std::string EventText::ids(const Event& event) {
  const std::string_view given = event.request_line().given_id;
  return std::string(event.request_id()) + (given.empty() ? "" : " (given " + visible(given) + ")");
}

std::string EventText::refused(const Event& event) const {
  const Header& header = event.header;
  if (const std::uint64_t more = event.as<Refused>().more; more > 0)
    return fmt::format("{:<14} {} more requests refused", "-", more);
  const char* code = name_of(static_cast<RefusalCode>(header.detail));
  return fmt::format("{:<14} {} {}  {}  {}  {}", "-", paint("refused", kYellow), header.status,
                     request_line(event), code, ids(event));
}

// Who, how, what came of it, what was asked for, where the time went, which request.
std::string EventText::finished(const Event& event) const {
  const Header& header = event.header;
  const auto body = event.as<Finished>();
  const auto kind = static_cast<Outcome::Kind>(header.detail);
  const bool cold = header.cold != 0;
  const std::string start = header.worker == 0 ? "-   " : (cold ? paint("cold", kBlue) : "warm");
  std::string line = fmt::format(
      "{:<14} {} {}  {}  {:.1f}ms", worker_name(header), start, header.status, request_line(event),
      in_milliseconds(std::chrono::nanoseconds(body.queue + body.boot + body.init + body.exec)));
  if (header.worker != 0) {
    line += fmt::format("  queue {:.1f}", in_milliseconds(std::chrono::nanoseconds(body.queue)));
    if (cold)
      line += fmt::format("  boot {:.1f}  init {:.1f}", in_milliseconds(std::chrono::nanoseconds(body.boot)),
                          in_milliseconds(std::chrono::nanoseconds(body.init)));
    line += fmt::format("  exec {:.1f}", in_milliseconds(std::chrono::nanoseconds(body.exec)));
  }
  line += "  " + ids(event);
  if (kind == Outcome::Kind::ok) return line;
  const std::string_view said = event.said();
  const std::size_t type_size = std::min<std::size_t>(body.type_size, said.size());
  line += "  " + (kind == Outcome::Kind::timeout ? paint("TIMEOUT", kRed) : paint(code_of(kind), kYellow));
  line += ": " + visible(said.substr(0, type_size)) + (type_size > 0 ? ": " : "");
  return line + visible(said.substr(type_size));
}

std::string EventText::line(const Event& event) const {
  const Header& header = event.header;
  const std::string who = fmt::format("{}  ", time_of_day(header.time));
  switch (header.type) {
    case Type::invocation_finished:
      return who + finished(event);
    case Type::request_refused:
      return who + refused(event);
    case Type::log:
      return who + fmt::format("{:<14} {} {}", worker_name(header), header.detail != 0 ? '*' : '|',
                               visible(event.text));
    case Type::function_breaker: {
      const auto state = static_cast<BreakerState>(header.detail);
      if (state == BreakerState::half_open) return {};
      if (state == BreakerState::closed)
        return who + fmt::format("{:<14} serves again: its breaker is closed", worker_name(header));
      return who + fmt::format("{:<14} {}: its workers keep dying; the last cause: {}", worker_name(header),
                               paint("breaker open", kRed), visible(event.text));
    }
    case Type::function_failed:
      return who +
             fmt::format("{:<14} {}: {}", worker_name(header), paint("failed", kRed), visible(event.text));
    case Type::worker_stopped: {
      const auto reason = static_cast<StopReason>(header.detail);
      const auto body = event.as<Stopped>();
      if (reason == StopReason::crash && body.was_idle != 0)
        return who + fmt::format("{:<14} {} while idle, served {}", worker_name(header),
                                 paint(visible(event.text), kRed), body.served);
      switch (reason) {
        case StopReason::idle:
        case StopReason::user:
        case StopReason::unfit:
        case StopReason::children:
          return who + fmt::format("{:<14} retired ({}), served {}", worker_name(header), name_of(reason),
                                   body.served);
        default:
          return {};  // it went with an invocation, whose line tells it
      }
    }
    default:
      return {};
  }
}

}  // namespace coffees::events
