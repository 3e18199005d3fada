#include "events/console_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/wall_clock.h"

namespace coffees::events {
namespace {

constexpr std::uint64_t kMostLinesPerSecond = 100;

}  // namespace

void ConsoleView::enter(std::int64_t second) {
  if (second == second_.number) return;
  summarise();
  second_ = {};
  second_.number = second;
}

void ConsoleView::summarise() {
  const Second& s = second_;
  if (s.not_shown + s.log_lines_not_shown + s.dropped == 0) return;
  if (format_ == Format::json) {
    console_.line(fmt::format(
        R"({{"v":1,"time":"{}","type":"summary","invocations":{},"ok":{},"cold":{},"longest_ms":{:.3f},)"
        R"("not_shown":{},"log_lines_not_shown":{},"dropped":{}}})",
        json_.time(s.number * kSecond), s.invocations, s.ok, s.cold, static_cast<double>(s.longest) * 1e-6,
        s.not_shown, s.log_lines_not_shown, s.dropped));
    return;
  }
  std::string line = fmt::format("{}  ... ", time_of_day(s.number * kSecond));
  if (s.not_shown > 0)
    line += fmt::format("{} invocations in this second ({} ok, {} cold, longest {:.1f}ms)  ", s.invocations,
                        s.ok, s.cold, static_cast<double>(s.longest) * 1e-6);
  if (s.log_lines_not_shown > 0) line += fmt::format("{} log lines not shown here  ", s.log_lines_not_shown);
  if (s.dropped > 0) line += fmt::format("{} events too many to follow", s.dropped);
  console_.line(line);
}

void ConsoleView::count(const Event& event, bool& show) {
  if (event.header.type == Type::log) {
    show = event.header.detail != 0 || ++second_.log_lines <= kMostLinesPerSecond;
    if (!show) ++second_.log_lines_not_shown;
  } else if (event.header.type == Type::invocation_finished) {
    const auto body = event.as<Finished>();
    show = ++second_.invocations <= kMostLinesPerSecond;
    if (!show) ++second_.not_shown;
    if (event.header.detail == 0) ++second_.ok;
    second_.cold += event.header.cold;
    second_.longest = std::max(second_.longest, body.queue + body.boot + body.init + body.exec);
  } else if (event.header.type == Type::worker_stopped) {
    // A worker may go with each invocation: no more lines than those have.
    show = second_.invocations <= kMostLinesPerSecond;
  }
}

void ConsoleView::event(const Event& event) {
  enter(event.header.time / kSecond);
  bool show = true;
  count(event, show);
  if (!show) return;
  std::string line = text_.line(event);
  if (line.empty()) return;
  if (format_ == Format::json) {
    line.clear();
    json_.append(line, event);
  } else if (event.header.type == Type::function_breaker) {
    return;  // its warning says so, on the same console
  }
  console_.line(line);
}

void ConsoleView::dropped(std::uint64_t, std::uint64_t count) { second_.dropped += count; }

void ConsoleView::rest() {
  using std::chrono::system_clock;
  enter(std::chrono::duration_cast<std::chrono::seconds>(system_clock::now().time_since_epoch()).count());
  console_.flush();
}

}  // namespace coffees::events
