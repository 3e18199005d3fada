#include "events/event_log.h"

#include <algorithm>
#include <array>

#include "events/wall_clock.h"

namespace coffees::events {
namespace {

constexpr auto kBatch = std::chrono::milliseconds(20);
constexpr auto kTryAgain = std::chrono::milliseconds(1);
constexpr auto kStatsEvery = std::chrono::seconds(1);
constexpr std::size_t kLongestText = 16 * 1024;
constexpr std::size_t kLongestMethod = 32;  // what the invoke port admits

template <typename Body>
std::string_view bytes_of(const Body& body) {
  static_assert(sizeof body % 8 == 0);
  return {reinterpret_cast<const char*>(&body), sizeof body};
}

// Two for each function and for what belongs to none.
std::size_t lanes_for(std::size_t functions) { return 2 * (functions + 1); }

Header header_of(Type type, FunctionIndex function, std::uint32_t worker = 0, std::uint8_t detail = 0) {
  return {.worker = worker, .function = function, .type = type, .detail = detail};
}

}  // namespace

EventLog::EventLog(TimerQueue& timers, std::vector<std::string> functions, const Room& room)
    : functions_(std::move(functions)),
      ring_(room.ring_words),
      store_(lanes_for(functions_.size()), std::max(room.chunks, 4 * lanes_for(functions_.size()))),
      metrics_(functions_.size() + 1),
      timers_(timers),
      announcement_(timers, [this] { announce(); }),
      stats_(timers, [this] { tell_stats(); }),
      more_refusals_(timers, [this] { tell_more_refusals(); }) {
  text_.reserve(kLongestText);
  since_1970_ = (timers_.clock().since_1970() - timers_.now().time_since_epoch()).count();
}

void EventLog::append_bytes(Header header, std::string_view body, std::string_view text, TimePoint now) {
  const std::uint64_t sequence = sequence_.load(std::memory_order_relaxed) + 1;
  header.sequence = sequence;
  header.time = now.time_since_epoch().count() + since_1970_;
  text = text.substr(0, kLongestText);
  header.text_size = static_cast<std::uint32_t>(text.size());
  std::array<char, sizeof(Header) + 128> fixed;
  std::memcpy(fixed.data(), &header, sizeof header);
  body.copy(fixed.data() + sizeof header, body.size());  // not memcpy: an empty body has no address
  const std::string_view written(fixed.data(), sizeof header + body.size());
  ring_.append(written, text);
  store_.append(lane_of(header.function, header.type == Type::log), written, text);
  sequence_.store(sequence, std::memory_order_release);  // who sees it also sees the record
  if (!stats_due_ && ask_stats_) {
    stats_due_ = true;
    stats_.arm(now + kStatsEvery);
  }
  if (announcing_) return;
  announcing_ = true;
  announcement_.arm(now + kBatch);
}

template <typename Body>
void EventLog::append(Header header, const Body& body, std::string_view text, TimePoint now) {
  static_assert(sizeof body <= 128);
  append_bytes(header, bytes_of(body), text, now);
}

void EventLog::announce() {
  // A reader holds it for an instant, but the scheduler may have suspended the reader: the loop does not wait
  // for it.
  if (!mutex_.try_lock()) {
    announcement_.arm(timers_.now() + kTryAgain);
    return;
  }
  announced_ = newest();
  mutex_.unlock();
  announcing_ = false;
  // The system's clock may have been set since the last time.
  since_1970_ = (timers_.clock().since_1970() - timers_.now().time_since_epoch()).count();
  news_.notify_all();
  if (tell_news_ && news_wanted_.exchange(false, std::memory_order_seq_cst)) tell_news_();
}

void EventLog::tell_stats() {
  Stats now = ask_stats_();
  now.finished = finished_;
  append(header_of(Type::stats, kNoFunction), now, {}, timers_.now());
  stats_due_ = false;  // after the append: it must not count as something that happened
}

void EventLog::function_loaded(FunctionIndex function, Duration init, TimePoint now) {
  append(header_of(Type::function_loaded, function), Loaded{.init = init.count()}, {}, now);
}

void EventLog::function_failed(FunctionIndex function, std::string_view why, TimePoint now) {
  append_bytes(header_of(Type::function_failed, function), {}, why, now);
}

void EventLog::function_breaker(FunctionIndex function, BreakerState state, std::string_view cause,
                                TimePoint now) {
  append_bytes(header_of(Type::function_breaker, function, 0, static_cast<std::uint8_t>(state)), {},
               state == BreakerState::closed ? "" : cause, now);
}

void EventLog::worker_starting(FunctionIndex function, std::uint32_t worker, bool spare, TimePoint now) {
  append_bytes(header_of(Type::worker_starting, function, worker, spare ? 1 : 0), {}, {}, now);
}

void EventLog::worker_ready(FunctionIndex function, std::uint32_t worker, const Ready& ready, TimePoint now) {
  of(function).boot.add(ready.boot);
  of(function).init.add(ready.init);
  append(header_of(Type::worker_ready, function, worker), ready, {}, now);
}

void EventLog::worker_busy(FunctionIndex function, std::uint32_t worker, std::string_view request_id,
                           Duration was_idle, TimePoint now) {
  of(function).idle_nanoseconds += was_idle.count();
  append(header_of(Type::worker_busy, function, worker), Request{RequestName(request_id)}, {}, now);
}

void EventLog::worker_idle(FunctionIndex function, std::uint32_t worker, Duration was_busy, TimePoint now) {
  of(function).busy_nanoseconds += was_busy.count();
  append_bytes(header_of(Type::worker_idle, function, worker), {}, {}, now);
}

void EventLog::worker_draining(FunctionIndex function, std::uint32_t worker, StopReason reason,
                               TimePoint now) {
  append_bytes(header_of(Type::worker_draining, function, worker, static_cast<std::uint8_t>(reason)), {}, {},
               now);
}

void EventLog::worker_stopping(FunctionIndex function, std::uint32_t worker, StopReason reason,
                               Duration was_idle, Duration was_busy, TimePoint now) {
  of(function).idle_nanoseconds += was_idle.count();
  of(function).busy_nanoseconds += was_busy.count();
  append_bytes(header_of(Type::worker_stopping, function, worker, static_cast<std::uint8_t>(reason)), {}, {},
               now);
}

void EventLog::worker_stopped(FunctionIndex function, std::uint32_t worker, StopReason reason,
                              const Stopped& stopped, std::string_view how, TimePoint now) {
  ++of(function).stopped[static_cast<std::size_t>(reason)];
  of(function).lifetime.add(stopped.lifetime);
  append(header_of(Type::worker_stopped, function, worker, static_cast<std::uint8_t>(reason)), stopped, how,
         now);
}

// Puts the line into text_, where more may follow.
LineSizes EventLog::write_line(const RequestLine& line) {
  const std::string_view method = line.method.substr(0, kLongestMethod);
  const std::string_view path = line.path.substr(0, kLongestPath);
  const std::string_view given_id = line.given_id.substr(0, kLongestPath);
  text_.assign(method).append(path).append(given_id);
  return {.path_bytes = static_cast<std::uint32_t>(std::max(line.path_bytes, line.path.size())),
          .method = static_cast<std::uint16_t>(method.size()),
          .path = static_cast<std::uint16_t>(path.size()),
          .given_id = static_cast<std::uint16_t>(given_id.size())};
}

LineSizes EventLog::write_line(const Invocation& call) {
  std::array<char, kLongestPath> path;  // the invoke port has taken it apart
  path[0] = '/';
  std::size_t size = call.function.copy(path.data() + 1, path.size() - 1) + 1;
  size += call.path.copy(path.data() + size, path.size() - size);
  return write_line({.method = call.method,
                     .path = {path.data(), size},
                     .path_bytes = 1 + call.function.size() + call.path.size(),
                     .given_id = call.given_request_id});
}

void EventLog::invocation_queued(FunctionIndex function, const Invocation& call, TimePoint now) {
  const Named body{.id = RequestName(call.request_id), .line = write_line(call)};
  append(header_of(Type::invocation_queued, function), body, text_, now);
}

void EventLog::invocation_started(FunctionIndex function, std::uint32_t worker, const Invocation& call,
                                  bool cold, TimePoint now) {
  const Named body{.id = RequestName(call.request_id), .line = write_line(call)};
  append(header_of(Type::invocation_started, function, worker, cold ? 1 : 0), body, text_, now);
}

void EventLog::request_refused(RefusalCode code, std::string_view request_id, const RequestLine& line,
                               TimePoint now) {
  ++refusals_[static_cast<std::size_t>(code)];
  if (now - refusals_since_ >= std::chrono::seconds(1) && !more_refusals_.armed()) {
    refusals_since_ = now;
    refused_lately_ = 0;
  }
  if (++refused_lately_ > kRefusalsPerSecond) {
    if (!more_refusals_.armed()) more_refusals_.arm(refusals_since_ + std::chrono::seconds(1));
    return;
  }
  Header header = header_of(Type::request_refused, kNoFunction, 0, static_cast<std::uint8_t>(code));
  header.status = static_cast<std::uint16_t>(status_of(code));
  const Refused body{.id = RequestName(request_id), .line = write_line(line)};
  append(header, body, text_, now);
}

void EventLog::tell_more_refusals() {
  const Refused body{.more = refused_lately_ - kRefusalsPerSecond};
  refusals_since_ = timers_.now();
  refused_lately_ = 0;
  append(header_of(Type::request_refused, kNoFunction), body, {}, refusals_since_);
}

void EventLog::invocation_finished(FunctionIndex function, const Invocation& call, const Outcome& outcome,
                                   TimePoint now) {
  FunctionMetrics& metrics = of(function);
  ++metrics.outcomes[static_cast<std::size_t>(outcome.kind)];
  ++finished_;
  if (outcome.worker_number != 0) {
    if (outcome.cold) ++metrics.cold_starts;
    (outcome.cold ? metrics.exec_cold : metrics.exec_warm).add(outcome.timing.exec.count());
    metrics.queue.add(outcome.timing.queue.count());
    if (outcome.usage.peak_rss != 0) {
      metrics.cpu.add(outcome.usage.cpu.count());
      metrics.peak_rss.add(outcome.usage.peak_rss);
    }
  }
  Header header = header_of(Type::invocation_finished, function, outcome.worker_number,
                            static_cast<std::uint8_t>(outcome.kind));
  header.cold = outcome.cold ? 1 : 0;
  header.status = static_cast<std::uint16_t>(status_of(outcome));
  Finished body{.id = RequestName(call.request_id),
                .line = write_line(call),
                .queue = outcome.timing.queue.count(),
                .boot = outcome.timing.boot.count(),
                .init = outcome.timing.init.count(),
                .exec = outcome.timing.exec.count(),
                .cpu = outcome.usage.cpu.count(),
                .peak_rss = outcome.usage.peak_rss};
  if (outcome.kind != Outcome::Kind::ok) {
    body.type_size = std::min<std::size_t>(outcome.type.size(), 256);
    text_.append(outcome.type, 0, body.type_size);
    text_.append(outcome.message, 0, kLongestText - text_.size());
  }
  append(header, body, text_, now);
}

void EventLog::log(FunctionIndex function, std::uint32_t worker, std::string_view request_id,
                   std::string_view line, TimePoint now) {
  append(header_of(Type::log, function, worker), Request{RequestName(request_id)}, line, now);
}

void EventLog::note(FunctionIndex function, std::uint32_t worker, std::string_view request_id,
                    std::string_view text, TimePoint now) {
  append(header_of(Type::log, function, worker, 1), Request{RequestName(request_id)}, text, now);
}

void EventLog::log_dropped(FunctionIndex function, std::uint64_t bytes) {
  of(function).log_bytes_dropped += bytes;
}

std::uint64_t EventLog::wait_for_news(std::uint64_t seen, std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  news_.wait_for(lock, limit, [&] { return announced_ > seen || closed(); });
  return newest();
}

void EventLog::close() {
  if (more_refusals_.armed()) {
    more_refusals_.disarm();
    tell_more_refusals();
  }
  {
    const std::lock_guard lock(mutex_);
    closed_.store(true, std::memory_order_release);
    announced_ = newest();
  }
  news_.notify_all();
  if (tell_news_) tell_news_();
}

}  // namespace coffees::events
