#include "diagnostics/diagnostics.h"

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "base/text.h"

namespace coffees::diagnostics {
namespace {

constexpr std::array<const char*, 6> kRooms{"server", "http", "admin", "pool", "worker", "zygote"};
constexpr std::array<const char*, 5> kLevels{"debug", "info", "warning", "error", "off"};
constexpr std::array<spdlog::level::level_enum, 5> kTheirLevels{
    spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err, spdlog::level::off};
constexpr std::size_t kMostWaiting = 4096;  // messages
constexpr auto kSeldom = std::chrono::seconds(10);

// Writes lines to the console, which may have no reader: it never waits.
class ConsoleSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit ConsoleSink(Console& console) : console_(console) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    console_.line({line.data(), line.size()});
    console_.flush();
  }
  void flush_() override { console_.flush(); }

  Console& console_;
};

// How often something has happened that is said seldom.
struct Counted {
  TimePoint next;
  std::uint64_t unsaid = 0;
};

// `end` of each line.
std::unique_ptr<spdlog::formatter> formatter(bool json, const char* end) {
  const char* pattern =
      json
          ? R"({"v":1,"time":"%Y-%m-%dT%H:%M:%S.%fZ","type":"diagnostic","level":"%l","room":"%n","message":%v})"
          : "%H:%M:%S.%e  %l  %n: %v";
  const auto zone = json ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local;
  return std::make_unique<spdlog::pattern_formatter>(pattern, zone, end);
}

std::shared_ptr<spdlog::sinks::sink> open_file(const Settings& settings) {
  try {
    return std::make_shared<spdlog::sinks::rotating_file_sink_mt>(settings.file, settings.file_size,
                                                                  settings.files);
  } catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error(error.what());
  }
}

}  // namespace

struct Diagnostics::Parts {
  bool json = false;
  SystemClock system_clock;
  const Clock* clock = &system_clock;
  std::array<std::shared_ptr<spdlog::logger>, kRooms.size()> loggers;
  std::mutex mutex;  // of `counted`
  std::map<std::string, Counted, std::less<>> counted;

  // Set while there is a Diagnostics.
  static std::atomic<Parts*> current;

  void log(Room room, Level level, std::string_view message) {
    std::string text;
    if (json)
      append_json_string(text, message);
    else
      text = visible(message);
    loggers[static_cast<std::size_t>(room)]->log(kTheirLevels[static_cast<std::size_t>(level)], text);
  }
};

std::atomic<Diagnostics::Parts*> Diagnostics::Parts::current{nullptr};

Diagnostics::Diagnostics(const Settings& settings, Console& console) : parts_(std::make_unique<Parts>()) {
  std::vector<spdlog::sink_ptr> sinks{std::make_shared<ConsoleSink>(console)};
  sinks.back()->set_formatter(formatter(settings.json, ""));
  if (!settings.file.empty()) {
    sinks.push_back(open_file(settings));
    sinks.back()->set_formatter(formatter(settings.json, "\n"));
  }
  parts_->json = settings.json;
  if (settings.clock != nullptr) parts_->clock = settings.clock;
  spdlog::init_thread_pool(kMostWaiting, 1);
  for (std::size_t i = 0; i < kRooms.size(); ++i) {
    // What the room `server` says stands on the console already, as a notice.
    const auto first = sinks.begin() + (static_cast<Room>(i) == Room::server ? 1 : 0);
    auto logger = std::make_shared<spdlog::async_logger>(kRooms[i], first, sinks.end(), spdlog::thread_pool(),
                                                         spdlog::async_overflow_policy::overrun_oldest);
    logger->set_level(kTheirLevels[static_cast<std::size_t>(settings.least)]);
    logger->flush_on(spdlog::level::debug);
    // A disk that is full: said by the console as long as that takes lines, and nothing else can be done.
    logger->set_error_handler([&console](const std::string& why) {
      console.notice("the log file cannot be written: " + why);
      console.flush();
    });
    parts_->loggers[i] = std::move(logger);
  }
  Parts::current = parts_.get();
}

Diagnostics::~Diagnostics() {
  Parts::current = nullptr;
  parts_.reset();
  spdlog::shutdown();  // writes what waits, and ends the thread
}

void say(Room room, Level level, std::string_view message) {
  if (Diagnostics::Parts* parts = Diagnostics::Parts::current) parts->log(room, level, message);
}

void warn_seldom(Room room, std::string_view what, std::string_view message) {
  Diagnostics::Parts* parts = Diagnostics::Parts::current;
  if (parts == nullptr) return;
  std::uint64_t before = 0;
  {
    const std::lock_guard lock(parts->mutex);
    Counted& counted =
        parts->counted[std::string(kRooms[static_cast<std::size_t>(room)]).append(" ").append(what)];
    const TimePoint now = parts->clock->now();
    if (now < counted.next) {
      ++counted.unsaid;
      return;
    }
    counted.next = now + kSeldom;
    before = std::exchange(counted.unsaid, 0);
  }
  std::string text(message);
  if (before > 0) text += " (and " + std::to_string(before) + " more times since the last such message)";
  parts->log(room, Level::warning, text);
}

const char* name_of(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

}  // namespace coffees::diagnostics
