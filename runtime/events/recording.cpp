#include "events/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/numbers.h"
#include "platform/output.h"
#include "platform/syscall.h"

namespace coffees::events {
namespace {

constexpr std::size_t kWriteAt = 256 * 1024;

// The numbers of the pieces that there are, in order; some may have been deleted.
std::vector<std::size_t> numbers_of(const std::string& file) {
  namespace fs = std::filesystem;
  const fs::path path(file);
  const std::string begin = path.filename().string() + ".";
  std::vector<std::size_t> numbers;
  std::error_code error;
  for (fs::directory_iterator entry(path.has_parent_path() ? path.parent_path() : ".", error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(begin)) continue;
    const auto number = parse_whole<std::size_t>(std::string_view(name).substr(begin.size()));
    if (number.value_or(0) > 0) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string piece_name(const std::string& file, std::size_t piece) {
  return piece == 0 ? file : fmt::format("{}.{:06}", file, piece);
}

std::size_t last_piece(const std::string& file) {
  const std::vector<std::size_t> numbers = numbers_of(file);
  return numbers.empty() ? 0 : numbers.back();
}

}  // namespace

std::vector<std::string> pieces_of(const std::string& file) {
  std::vector<std::string> pieces{file};
  for (const std::size_t number : numbers_of(file)) pieces.push_back(piece_name(file, number));
  return pieces;
}

Recording::Recording(const EventLog& log, std::string file, const RecordingSettings& settings,
                     std::function<void(const std::string&)> tell)
    : json_(log.functions()),
      settings_(settings),
      name_(std::move(file)),
      tell_(std::move(tell)),
      piece_(settings.piece_size > 0 ? last_piece(name_) : 0),
      last_(log.newest()) {
  open_piece();
  pending_ = hello();
}

void Recording::reopen_on_change(const std::atomic<std::uint32_t>& reopenings) {
  reopenings_ = &reopenings;
  reopened_ = reopenings.load();
}

std::string Recording::hello() {
  return json_.hello(settings_.version, settings_.configuration, last_) + "\n";
}

// Throws platform::SystemError; then everything is as it was.
void Recording::open_piece() {
  const std::string path = piece_name(name_, piece_);
  file_ = platform::open_for_appending(path);
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  written_ = error ? 0 : size;
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
  const std::string path = piece_name(name_, piece_);
  try {
    open_piece();
  } catch (const platform::SystemError& error) {
    tell_("the recording continues in the open file: " + std::string(error.what()));
    return;
  }
  tell_("recording to " + path + ", opened anew");
  pending_ = hello();
  write();
}

// When it cannot be opened, the old one grows on, until it has as much again.
void Recording::begin_piece() {
  ++piece_;
  try {
    open_piece();
  } catch (const platform::SystemError& error) {
    --piece_;
    written_ = 0;
    tell_("the recording continues in the open file: " + std::string(error.what()));
    return;
  }
  pending_ = hello();
  write_out();
}

void Recording::write() {
  write_out();
  if (file_ && settings_.piece_size > 0 && written_ >= settings_.piece_size) begin_piece();
}

void Recording::write_out() {
  if (!file_ || pending_.empty()) return;
  const std::string trouble = platform::write_file(file_.get(), pending_);
  written_ += pending_.size();
  pending_.clear();
  if (trouble.empty()) return;
  file_.reset();
  tell_("recording to " + piece_name(name_, piece_) + " has ended: " + trouble);
}

}  // namespace coffees::events
