// Recording: all events as JSON Lines in a file, to be read, replayed or compared later.
#pragma once

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
  /// Takes an open file. `on_trouble` is called once, on the follower's thread, when the file cannot be
  /// written any more (a full disk); the recording ends then, the server goes on.
  Recording(const EventLog& log, platform::UniqueFd file, const RecordingSettings& settings,
            std::function<void(const std::string&)> on_trouble);

  void event(const Event& event) override;
  void dropped(std::uint64_t first, std::uint64_t count) override;
  void rest() override { write(); }

 private:
  void write();

  EventJson json_;
  platform::UniqueFd file_;
  std::function<void(const std::string&)> on_trouble_;
  std::string pending_;
  bool texts_;
};

}  // namespace coffees::events
