#include "console.h"

#include <utility>

#include "platform/output.h"

namespace coffees {
namespace {
constexpr std::size_t kMostPending = 256 * 1024;
}

void Console::add(std::string_view text) {
  if (pending_.size() + text.size() > kMostPending) {
    ++dropped_;
    return;
  }
  pending_.append(text).append("\n");
}

void Console::line(std::string_view text) {
  const std::lock_guard lock(mutex_);
  add(text);
}

void Console::flush() {
  const std::lock_guard lock(mutex_);
  pending_.erase(0, platform::write_without_waiting(descriptor_, pending_));
  if (!pending_.empty() || dropped_ == 0) return;
  add(framed("(" + std::to_string(std::exchange(dropped_, 0)) +
             " lines were not written because the console was not read)"));
  pending_.erase(0, platform::write_without_waiting(descriptor_, pending_));
}

}  // namespace coffees
