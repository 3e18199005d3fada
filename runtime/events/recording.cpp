#include "events/recording.h"

#include "platform/output.h"

namespace coffees::events {
namespace {
constexpr std::size_t kWriteAt = 256 * 1024;
}

Recording::Recording(const EventLog& log, platform::UniqueFd file, const RecordingSettings& settings,
                     std::function<void(const std::string&)> on_trouble)
    : json_(log.functions()),
      file_(std::move(file)),
      on_trouble_(std::move(on_trouble)),
      texts_(settings.texts) {
  pending_ = json_.hello(settings.version, settings.configuration, log.newest()) + "\n";
}

void Recording::event(const Event& event) {
  if (!file_) return;
  if (texts_ || event.text.empty()) {
    json_.append(pending_, event);
  } else {
    Event without_text = event;
    without_text.text = {};
    json_.append(pending_, without_text);
  }
  pending_ += '\n';
  if (pending_.size() >= kWriteAt) write();
}

void Recording::dropped(std::uint64_t first, std::uint64_t count) {
  if (file_) pending_.append(EventJson::dropped(first, count)).append("\n");
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
