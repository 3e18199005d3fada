// Recording: all events as JSON Lines in a file, to be read, replayed or compared later.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "events/event_json.h"
#include "events/follower.h"
#include "platform/unique_fd.h"

namespace coffees::events {

struct RecordingSettings {
  std::string version;        ///< of this program, for the first line
  std::string configuration;  ///< its digest, likewise
  bool texts = false;         ///< also what handlers printed and said: otherwise a recording can be shared
};

class Recording : public View {
 public:
  /// Takes an open file. `on_trouble` is called, on the follower's thread, when the file cannot be written
  /// any more (a full disk); the recording ends then, until it is reopened, and the server goes on.
  Recording(const EventLog& log, platform::UniqueFd file, const RecordingSettings& settings,
            std::function<void(const std::string&)> on_trouble);

  /// Whenever `reopenings` has changed, what is pending goes to the file that is open, then `open` gives the
  /// next one, which begins with a line of its own as the first did. When `open` gives none, the old file is
  /// kept. For log rotation (logrotate(8)). `reopenings` may be changed by any thread and outlives this;
  /// `open` is called on the follower's thread. Before the follower starts.
  void reopen_on_change(const std::atomic<std::uint32_t>& reopenings,
                        std::function<platform::UniqueFd()> open);

  void event(const Event& event) override;
  void dropped(std::uint64_t first, std::uint64_t count) override;
  void rest() override;

 private:
  void write();
  void reopen();

  EventJson json_;
  RecordingSettings settings_;
  platform::UniqueFd file_;
  std::function<void(const std::string&)> on_trouble_;
  std::string pending_;
  std::uint64_t last_ = 0;  ///< sequence of the newest event seen
  const std::atomic<std::uint32_t>* reopenings_ = nullptr;
  std::uint32_t reopened_ = 0;  ///< of those, how many were carried out
  std::function<platform::UniqueFd()> open_;
};

}  // namespace coffees::events
