#include "events/recording.h"

#include "platform/output.h"

namespace coffees::events {
namespace {
constexpr std::size_t kWriteAt = 256 * 1024;
}

Recording::Recording(const EventLog& log, platform::UniqueFd file, const RecordingSettings& settings,
                     std::function<void(const std::string&)> on_trouble)
    : json_(log.functions()),
      settings_(settings),
      file_(std::move(file)),
      on_trouble_(std::move(on_trouble)) {
  pending_ = json_.hello(settings.version, settings.configuration, log.newest()) + "\n";
}

void Recording::reopen_on_change(const std::atomic<std::uint32_t>& reopenings,
                                 std::function<platform::UniqueFd()> open) {
  reopenings_ = &reopenings;
  reopened_ = reopenings.load();
  open_ = std::move(open);
}

void Recording::event(const Event& event) {
  last_ = event.header.sequence;
  if (!file_) return;
  if (settings_.texts || event.said().empty())
    json_.append(pending_, event);
  else
    json_.append(pending_, event.without_said());
  pending_ += '\n';
  if (pending_.size() >= kWriteAt) write();
}

void Recording::dropped(std::uint64_t first, std::uint64_t count) {
  if (file_) pending_.append(EventJson::dropped(first, count)).append("\n");
}

void Recording::rest() {
  write();
  if (reopenings_ != nullptr && reopenings_->load() != reopened_) reopen();
}

void Recording::reopen() {
  reopened_ = reopenings_->load();
  platform::UniqueFd next = open_();
  if (!next) return;
  file_ = std::move(next);
  pending_ = json_.hello(settings_.version, settings_.configuration, last_) + "\n";
  write();
}

void Recording::write() {
  if (!file_) return;
  const std::string trouble = platform::write_file(file_.get(), pending_);
  pending_.clear();
  if (trouble.empty()) return;
  file_.reset();
  on_trouble_(trouble);
}

}  // namespace coffees::events
