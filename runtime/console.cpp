#include "console.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <chrono>

#include "platform/output.h"

namespace coffees {
namespace {
constexpr std::size_t kMostPending = 256 * 1024;
}

std::string time_of_day() {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(std::chrono::system_clock::to_time_t(now)),
                     now.time_since_epoch().count() % 1000);
}

void Console::line(std::string_view text) {
  if (pending_.size() + text.size() > kMostPending) {
    ++dropped_;
    return;
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // Escape sequences in a handler's output would speak to the terminal.
    pending_ += byte == '\t' || (byte >= 0x20 && byte != 0x7f) ? c : '?';
  }
  pending_ += '\n';
  if (scheduled_) return;
  scheduled_ = true;
  asio::post(executor_, [this] {
    scheduled_ = false;
    flush();
  });
}

void Console::flush() {
  pending_.erase(0, platform::write_without_waiting(descriptor_, pending_));
  if (pending_.empty() && dropped_ > 0)
    line(fmt::format("({} lines were not written: nobody was reading)", std::exchange(dropped_, 0)));
}

}  // namespace coffees
