#include "admin/event_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "events/event_json.h"
#include "events/event_reader.h"

namespace coffees::admin {
namespace {

using std::chrono::seconds;

// What all streams together may take, so that a hundred observers cost no more than one.
constexpr std::size_t kEventsPerSecond = 20'000;
constexpr std::size_t kWordsPerSecond = 4'000'000;
// When more than that happens, no follower can receive everything, and a sample is enough: the busier the
// server is, the less its observers may take.
constexpr std::size_t kSamplePart = 5;
constexpr std::size_t kLargestWrite = 64 * 1024;
constexpr std::size_t kLargestSample = 4 * 1024;
constexpr auto kPingEvery = seconds(15);

// Calls `each(type)` for the names in a comma-separated list, until one call returns true. Returns whether
// one did.
template <typename Each>
bool any_of_list(std::string_view list, Each&& each) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (each(list.substr(0, comma))) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

// "invocation" stands for all of its kind.
bool stands_for(std::string_view wanted, std::string_view name) {
  return wanted == name || wanted == name.substr(0, name.find('.'));
}

bool is_type(std::string_view wanted) {
  for (int type = 0; type <= static_cast<int>(events::Type::stats); ++type)
    if (stands_for(wanted, name_of(static_cast<events::Type>(type)))) return true;
  return false;
}

}  // namespace

class EventStream final : public http::Pieces {
 public:
  EventStream(EventStreams& owner, const StreamQuery& query)
      : owner_(owner),
        listener_(owner.home_),
        newest_then_(owner.log_.newest()),
        reader_(owner.log_, query.after.value_or(newest_then_)),
        json_(owner.log_.functions()),
        types_(query.types),
        next_ping_(owner.timers_.now() + kPingEvery),
        decided_(owner.timers_.now()) {
    const auto& names = owner.log_.functions();
    if (!query.function.empty())
      function_ = static_cast<events::FunctionIndex>(std::find(names.begin(), names.end(), query.function) -
                                                     names.begin());
    wants_invocations_ = types_.empty() || any_of_list(types_, [](std::string_view wanted) {
                           return wanted.starts_with("invocation") || wanted.starts_with("worker");
                         });
    pending_ = "retry: 1000\nevent: hello\ndata: " +
               json_.hello(owner.version_, owner.configuration_, newest_then_) + "\n\n";
    owner.news_.add(listener_);
    ++owner.count_;
  }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  ~EventStream() override {
    --owner_.count_;
    owner_.news_.remove(listener_);
  }

  Task<std::string> next() override {
    while (!stopped_) {
      // Looked at first: when it is closed, all that there will be is there.
      const bool closed = owner_.log_.closed();
      if (told_ && !closed) co_await wait();
      // Many streams that tell the rest at the same time take turns.
      if (closed) co_await yield_to_others();
      const bool more = !stopped_ && collect();
      told_ = true;
      const TimePoint now = owner_.timers_.now();
      if (pending_.empty() && now >= next_ping_) pending_ = ": still here\n\n";
      if (!pending_.empty()) {
        next_ping_ = now + kPingEvery;
        co_return std::exchange(pending_, {});
      }
      if (closed && !more) break;
    }
    co_return std::string();
  }

  void stop() override {
    stopped_ = true;
    listener_.wake.notify();
  }
  [[nodiscard]] std::size_t most() const override { return 2 * kLargestWrite; }

 private:
  [[nodiscard]] std::size_t streams() const { return std::max<std::size_t>(owner_.count(), 1); }
  [[nodiscard]] std::chrono::milliseconds pause() const {
    return std::chrono::milliseconds(std::max<std::size_t>(20, streams() * (sampled_ ? 20 : 5)));
  }

  // First a pause that no news end, then news: many streams wake up less often than one.
  Task<> wait() {
    const TimePoint pause_ends = owner_.timers_.now() + pause();
    while (goes_on() && owner_.timers_.now() < pause_ends)
      co_await wait_until(owner_.timers_, listener_.wake, pause_ends);
    while (goes_on() && owner_.timers_.now() < next_ping_ && owner_.news_.listen(listener_, reader_.last()))
      co_await wait_until(owner_.timers_, listener_.wake, next_ping_);
  }
  [[nodiscard]] bool goes_on() const { return !stopped_ && !owner_.log_.closed(); }

  // Whether more has happened since the last time than all streams could be told.
  void decide_on_sampling() {
    const TimePoint now = owner_.timers_.now();
    const std::uint64_t newest = owner_.log_.newest();
    const double seconds = std::max(std::chrono::duration<double>(now - decided_).count(), 0.001);
    const auto happened = static_cast<double>(newest - newest_then_);
    sampled_ = wants_invocations_ && happened / seconds * static_cast<double>(streams()) > kEventsPerSecond;
    decided_ = now;
    newest_then_ = newest;
  }

  // Returns whether there may be more than this turn's share.
  bool collect() {
    decide_on_sampling();
    const auto share = [this](std::size_t per_second) {
      if (sampled_) per_second /= kSamplePart;
      return std::max<std::size_t>(per_second * static_cast<std::size_t>(pause().count()) / 1000 / streams(),
                                   1);
    };
    std::size_t events = 0;
    const std::size_t most_events = share(kEventsPerSecond);
    const std::size_t most_words = share(kWordsPerSecond);
    // Small pieces: what was fetched is written out, whatever the limits say.
    const std::size_t piece = std::min<std::size_t>(most_words, sampled_ ? 256 : 1024);
    const std::size_t most_bytes = sampled_ ? kLargestSample : kLargestWrite;
    for (std::size_t words = 0; words < most_words && events < most_events && pending_.size() < most_bytes;
         words += piece) {
      const bool more = reader_.read(
          [&](const events::Event& event) {
            if (!is_wanted(event)) return;
            ++events;
            fmt::format_to(std::back_inserter(pending_), "id: {}\nevent: {}\ndata: ", event.header.sequence,
                           name_of(event.header.type));
            json_.append(pending_, event);
            pending_ += "\n\n";
          },
          [&](std::uint64_t first, std::uint64_t count) {
            fmt::format_to(std::back_inserter(pending_), "event: dropped\ndata: {}\n\n",
                           events::EventJson::dropped(first, count));
          },
          piece);
      if (!more) return false;
    }
    return true;
  }

  [[nodiscard]] bool is_wanted(const events::Event& event) const {
    if (function_ && event.header.function != *function_) return false;
    if (types_.empty()) return true;
    const std::string_view name = name_of(event.header.type);
    return any_of_list(types_, [name](std::string_view wanted) { return stands_for(wanted, name); });
  }

  EventStreams& owner_;
  News::Listener listener_;
  std::uint64_t newest_then_;
  events::EventReader reader_;
  events::EventJson json_;
  std::string types_;
  std::optional<events::FunctionIndex> function_;
  std::string pending_;
  TimePoint next_ping_;
  TimePoint decided_;
  bool sampled_ = false;
  bool wants_invocations_ = true;  ///< else it has little to tell, however much happens
  bool told_ = false;              ///< something, so that a pause comes first
  bool stopped_ = false;
};

std::string EventStreams::unknown_type(std::string_view types) {
  std::string unknown;
  any_of_list(types, [&unknown](std::string_view wanted) {
    if (is_type(wanted)) return false;
    unknown = wanted;
    return true;
  });
  return unknown;
}

std::unique_ptr<http::Pieces> EventStreams::open(const StreamQuery& query) {
  if (count_ >= kMost) return nullptr;
  return std::make_unique<EventStream>(*this, query);
}

}  // namespace coffees::admin
