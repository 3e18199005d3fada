#include "admin/event_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "events/event_json.h"
#include "events/event_reader.h"

namespace coffees::admin {
namespace {

using std::chrono::seconds;

// What all streams together may take, so that a hundred observers cost no more than one.
constexpr std::size_t kEventsPerSecond = 20'000;
constexpr std::size_t kWordsPerSecond = 4'000'000;
// When more than that happens, nobody can be told everything, and a sample is enough: the busier the server
// is, the less its observers may take.
constexpr std::size_t kSamplePart = 5;
constexpr std::size_t kLargestWrite = 64 * 1024;
constexpr std::size_t kLargestSample = 4 * 1024;
constexpr auto kPingEvery = seconds(15);
constexpr int kStallsToEnd = 6;  // each as long as a piece may take (ClientTimes)

std::optional<std::uint64_t> parse_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

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

// One stream, on its connection's thread.
class EventStream {
 public:
  EventStream(EventStreams& owner, const httplib::Request& request, std::optional<std::uint64_t> after)
      : owner_(owner),
        newest_then_(owner.log_.newest()),
        reader_(owner.log_, after.value_or(newest_then_)),
        json_(owner.log_.functions()) {
    types_ = request.get_param_value("types");
    const std::string function = request.get_param_value("function");
    const auto& names = owner.log_.functions();
    if (!function.empty())
      function_ =
          static_cast<events::FunctionIndex>(std::find(names.begin(), names.end(), function) - names.begin());
    wants_invocations_ = types_.empty() || any_of_list(types_, [](std::string_view wanted) {
                           return wanted.starts_with("invocation") || wanted.starts_with("worker");
                         });
    pending_ = "retry: 1000\nevent: hello\ndata: " +
               json_.hello(owner.version_, owner.configuration_, newest_then_) + "\n\n";
  }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  ~EventStream() { owner_.count_.fetch_sub(1); }

  // Called again and again by the library; false ends the connection.
  bool provide(httplib::DataSink& sink) {
    // Also the way to see that the client has gone: it looks at the socket.
    if (!sink.is_writable()) return ++stalls_ < kStallsToEnd && !owner_.log_.closed();
    stalls_ = 0;
    const bool more = collect();
    if (pending_.empty() && SteadyClock::now() >= next_ping_) pending_ = ": still here\n\n";
    if (!pending_.empty()) {
      if (!sink.write(pending_.data(), pending_.size())) return false;
      pending_.clear();
      next_ping_ = SteadyClock::now() + kPingEvery;
    }
    if (owner_.log_.closed()) {
      if (!more) sink.done();  // everything that there was has been told
      return true;
    }
    // First a pause that no news ends, then news: many streams wake up less often than one.
    owner_.log_.wait_for_close(pause());
    owner_.log_.wait_for_news(reader_.last(), seconds(1));
    return true;
  }

 private:
  [[nodiscard]] std::size_t streams() const { return std::max<std::size_t>(owner_.count(), 1); }
  [[nodiscard]] std::chrono::milliseconds pause() const {
    return std::chrono::milliseconds(std::max<std::size_t>(20, streams() * (sampled_ ? 20 : 5)));
  }

  // Whether more has happened since the last time than all streams could be told.
  void decide_on_sampling() {
    const TimePoint now = SteadyClock::now();
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
  std::uint64_t newest_then_;
  events::EventReader reader_;
  events::EventJson json_;
  std::string types_;
  std::optional<events::FunctionIndex> function_;
  std::string pending_;
  TimePoint next_ping_ = SteadyClock::now() + kPingEvery;
  TimePoint decided_ = SteadyClock::now();
  bool sampled_ = false;
  bool wants_invocations_ = true;  ///< else it has little to tell, however much happens
  int stalls_ = 0;
};

std::string EventStreams::unknown_type(const std::string& types) {
  std::string unknown;
  any_of_list(types, [&unknown](std::string_view wanted) {
    if (is_type(wanted)) return false;
    unknown = wanted;
    return true;
  });
  return unknown;
}

bool EventStreams::knows_place(const httplib::Request& request) {
  const auto makes_sense = [](const std::string& text) { return text.empty() || parse_number(text); };
  return makes_sense(request.get_header_value("Last-Event-ID")) &&
         makes_sense(request.get_param_value("since"));
}

bool EventStreams::open(const httplib::Request& request, httplib::Response& response) {
  if (count_.fetch_add(1) >= kMost) {
    count_.fetch_sub(1);
    return false;
  }
  std::optional<std::uint64_t> after = parse_number(request.get_header_value("Last-Event-ID"));
  if (!after) after = parse_number(request.get_param_value("since"));
  auto stream = std::make_shared<EventStream>(*this, request, after);
  response.set_header("Cache-Control", "no-store");
  response.set_chunked_content_provider(
      "text/event-stream", [stream](std::size_t, httplib::DataSink& sink) { return stream->provide(sink); });
  return true;
}

}  // namespace coffees::admin
