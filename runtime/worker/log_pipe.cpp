#include "worker/log_pipe.h"

#include <algorithm>
#include <array>

namespace coffees {
namespace {
constexpr std::size_t kLongestLine = 16 * 1024;
constexpr std::size_t kMostPerInvocation = 1024 * 1024;
constexpr std::size_t kMostPerSecond = 2 * kMostPerInvocation;
// What a line costs besides its bytes: about what its record takes in the event log.
constexpr std::size_t kCostOfLine = 128;
// A pipe in packet mode (O_DIRECT, pipe(2)) gives what one write has written, if it is a single byte.
constexpr int kMostReadsPerSecond = 2000;
constexpr auto kPause = std::chrono::milliseconds(10);
}  // namespace

LogPipe::LogPipe(const Executor& executor, TimerQueue& timers, platform::UniqueFd pipe, LogOrigin origin,
                 LogSink& sink)
    : timers_(timers),
      pipe_(executor, pipe.release()),
      origin_(std::move(origin)),
      sink_(sink),
      slow_down_(timers, [this] { wait(); }) {
  pipe_.non_blocking(true);
}

void LogPipe::begin_invocation(std::string_view request_id) {
  request_id_ = request_id;
  taken_ = 0;
}

// Of a process that has never printed anything this is not asked: it would cost each request a system call.
void LogPipe::end_pause() {
  if (has_printed_) read_all();
}

void LogPipe::end_invocation(bool printed) {
  // The answer may have come by the mailbox, ahead of what the loop would be told about this pipe.
  if (printed) read_all();
  // Without a line's end it is this invocation's all the same, not the beginning of what the next one prints.
  end_line();
}

void LogPipe::close() {
  slow_down_.disarm();
  if (!pipe_.is_open()) return;
  read_all();
  end_line();
  pipe_.close();
}

// A process may have made its pipe larger (fcntl(2), F_SETPIPE_SZ): so large that it takes 16 reads. More
// than that is printed while this reads.
void LogPipe::read_all() {
  constexpr int most_reads = 17;
  for (int reads = 0; reads < most_reads && pipe_.is_open(); ++reads)
    if (read_some() != Read::something) return;
}

void LogPipe::wait() {
  pipe_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const ErrorCode& error) {
    if (error || !self->pipe_.is_open()) return;
    // A copy: the call may end what it belongs to, which then clears it.
    const std::function<bool()> action = self->before_reading_;
    const bool settled = !action || action();
    if (!self->pipe_.is_open()) return;
    if (!settled) {
      self->wait();
      return;
    }
    if (self->read_some() == Read::end) return;
    if (self->flooding_ || self->reads_now_ > kMostReadsPerSecond)
      self->slow_down_.arm(self->timers_.now() + kPause);
    else
      self->wait();
  });
}

LogPipe::Read LogPipe::read_some() {
  std::array<char, 64 * 1024> buffer;  // one pipe full (pipe(7)); the loop sees to others after that
  ErrorCode error;
  const std::size_t size = pipe_.read_some(asio::buffer(buffer), error);
  if (error == asio::error::would_block || error == asio::error::try_again) return Read::nothing;
  if (error) return Read::end;
  has_printed_ = true;
  take({buffer.data(), size});
  return Read::something;
}

void LogPipe::take(std::string_view text) {
  begin_second();
  ++reads_now_;
  bool within = spend(0);
  while (within && !text.empty()) {
    const std::size_t end = text.find('\n');
    const bool whole = end != std::string_view::npos;
    const std::string_view piece = text.substr(0, end);
    within = spend(piece.size() + (whole ? 1 + kCostOfLine : 0));
    if (!within) break;
    const std::size_t kept = std::min(piece.size(), kLongestLine - partial_.size());
    partial_.append(piece.substr(0, kept));
    cut_off_ += piece.size() - kept;
    if (whole) emit_line();
    text.remove_prefix(piece.size() + (whole ? 1 : 0));
  }
  flooding_ = !within;
  if (within) return;
  sink_.dropped(origin_, text.size() + partial_.size());
  partial_.clear();
  cut_off_ = 0;
}

void LogPipe::begin_second() {
  const TimePoint now = timers_.now();
  if (now - second_ < std::chrono::seconds(1)) return;
  second_ = now;
  taken_now_ = 0;
  reads_now_ = 0;
}

// Counts what is about to be kept. Returns whether it is within the limits.
bool LogPipe::spend(std::size_t cost) {
  const bool was_within = taken_ <= kMostPerInvocation;
  const bool was_within_now = taken_now_ <= kMostPerSecond;
  taken_ += cost;
  taken_now_ += cost;
  if (was_within && taken_ > kMostPerInvocation)
    sink_.note(
        origin_, request_id_,
        "more than 1 MiB of output in one invocation (each line counts 128 bytes more); the rest of it "
        "is dropped");
  else if (was_within && was_within_now && taken_now_ > kMostPerSecond)
    sink_.note(origin_, request_id_,
               "more than 2 MiB of output in one second (each line counts 128 bytes more); the rest of this "
               "second is dropped");
  return taken_ <= kMostPerInvocation && taken_now_ <= kMostPerSecond;
}

void LogPipe::emit_line() {
  sink_.line(origin_, request_id_, std::exchange(partial_, {}));
  if (cut_off_ == 0) return;
  sink_.note(origin_, request_id_,
             "the line before this one is cut at 16 KiB; " + std::to_string(cut_off_) + " bytes are dropped");
  sink_.dropped(origin_, std::exchange(cut_off_, 0));
}

void LogPipe::end_line() {
  if (!partial_.empty()) emit_line();
}

}  // namespace coffees
