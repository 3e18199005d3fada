// Recording: all events as JSON Lines in a file, to be read, replayed or compared later.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "events/event_json.h"
#include "events/follower.h"
#include "platform/unique_fd.h"

namespace coffees::events {

struct RecordingSettings {
  std::string version;           ///< of this program, for the first line
  std::string configuration;     ///< its digest, likewise
  bool texts = false;            ///< also what handlers printed and said: otherwise a recording can be shared
  std::uint64_t piece_size = 0;  ///< bytes, after which a new file is begun; 0: never
};

/// The files of a recording that is named `file`, in order: that one, then "FILE.000001", "FILE.000002", ...
/// as many as there are. Concatenated they are what happened, with a line of type `hello` before each part.
std::vector<std::string> pieces_of(const std::string& file);

class Recording : public View {
 public:
  /// Appends to `file`, or to the last piece that there is. `tell` is called, on the follower's thread, with
  /// what its owner should know: that the file cannot be written any more (a full disk; the recording ends
  /// then, until it is reopened, and the server goes on), or was opened anew. Throws platform::SystemError
  /// when the file cannot be opened.
  Recording(const EventLog& log, std::string file, const RecordingSettings& settings,
            std::function<void(const std::string&)> tell);

  /// Whenever `reopenings` has changed, what is pending goes to the file that is open, then the one of that
  /// name is opened, which begins with a line of its own as the first did. When it cannot be opened, the old
  /// file is kept. For log rotation from outside (logrotate(8)). `reopenings` may be changed by any thread
  /// and outlives this. Before the follower starts.
  void reopen_on_change(const std::atomic<std::uint32_t>& reopenings);

  void event(const Event& event) override;
  void dropped(std::uint64_t first, std::uint64_t count) override;
  void rest() override;

 private:
  void write();
  void write_out();
  void reopen();
  void begin_piece();
  void open_piece();
  [[nodiscard]] std::string hello();

  EventJson json_;
  RecordingSettings settings_;
  std::string name_;
  std::function<void(const std::string&)> tell_;
  std::size_t piece_ = 0;  ///< the number of the file that is open
  platform::UniqueFd file_;
  std::uint64_t written_ = 0;  ///< bytes of it
  std::string pending_;
  std::uint64_t last_ = 0;  ///< sequence of the newest event seen
  const std::atomic<std::uint32_t>* reopenings_ = nullptr;
  std::uint32_t reopened_ = 0;  ///< of those, how many were carried out
};

}  // namespace coffees::events
