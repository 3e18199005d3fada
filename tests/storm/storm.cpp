#include "storm/storm.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <vector>

#include "dispatcher/dispatcher.h"
#include "events/event_reader.h"
#include "request_id.h"
#include "scaler/fixed_keep_warm.h"
#include "storm/invariant.h"
#include "storm/replay.h"
#include "storm/simulated_source.h"

namespace coffees::storm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SilentSink : public LogSink {
 public:
  void line(const LogOrigin&, std::string_view, std::string_view) override {}
  void note(const LogOrigin&, std::string_view, std::string_view) override {}
};

// One client. It may leave, which cancels its invocation or is seen while it waits.
struct Client : Caller {
  std::uint64_t number = 0;
  std::string id;
  std::string body;
  Cancellation cancellation;
  bool cancels = false;
  bool left = false;
  int outcomes = 0;
  Outcome::Kind kind = Outcome::Kind::ok;
  Timing timing;
  bool has_left() override { return left; }
};

// Far more than one storm's events need.
constexpr std::size_t kLogWords = std::size_t{1} << 18;

// For an end to be reported after a deadline has passed.
constexpr auto kSlack = milliseconds(5);

void check_times(const Pool& pool, const Client& client) {
  const Duration limit = pool.settings().timeout;
  const std::string seen = fmt::format("request {} ({}) ran {} ns of {}", client.number, code_of(client.kind),
                                       client.timing.exec.count(), limit.count());
  require(client.timing.exec <= limit + kSlack, "answered at the deadline whatever the worker does", seen);
  require(client.kind != Outcome::Kind::timeout || client.timing.exec >= limit, "no deadline comes early",
          seen);
}

class Storm {
 public:
  explicit Storm(std::uint64_t seed)
      : world_(seed),
        ids_(world_.clock, seed),
        log_(world_.timers, {"latte", "mocha"}, kLogWords),
        replay_(log_) {
    FunctionCatalog catalog;
    for (const char* name : {"latte", "mocha"}) add(catalog, name);
    dispatcher_.emplace(std::move(catalog), log_, world_.clock);
    for (auto& [name, pool] : dispatcher_->catalog()) pool->open();
    world_.when_quiet([this] { return look(); });
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;
  ~Storm() { world_.loop.abandon(); }

  void run();
  [[nodiscard]] std::uint64_t requests() const { return clients_.size(); }
  [[nodiscard]] std::uint64_t events() const { return log_.newest(); }
  [[nodiscard]] std::uint64_t digest() const;

 private:
  void add(FunctionCatalog& catalog, const std::string& name);
  void change_weather();
  void burst();
  void operate();
  Client& send(const std::string& function, bool may_leave);
  void go_on(Duration time);
  void check();
  void check_breakers();
  void check_end();
  bool look();

  World world_;
  RequestIdSource ids_;
  SilentSink sink_;
  events::EventLog log_;
  Replay replay_;
  Weather weather_[2];
  std::vector<SimulatedSource*> sources_;
  std::optional<Dispatcher> dispatcher_;
  std::vector<std::unique_ptr<Client>> clients_;
};

void Storm::add(FunctionCatalog& catalog, const std::string& name) {
  Random& random = world_.random;
  const std::size_t index = sources_.size();
  const std::size_t limit = 1 + random.below(6);
  const scaler::Rules rules{.keep_warm = random.between(milliseconds(1), seconds(5)),
                            .min_warm = random.below(3) == 0 ? random.below(limit + 1) : 0,
                            .limit = limit,
                            .queue = random.chance(70) ? random.below(40) : 0};
  auto source = std::make_unique<SimulatedSource>(world_, weather_[index],
                                                  ProcessSettings{.function = name,
                                                                  .index = static_cast<std::uint16_t>(index),
                                                                  .max_body = 1 << 20,
                                                                  .memory = 1 << 27},
                                                  sink_);
  sources_.push_back(source.get());
  catalog[name] =
      std::make_unique<Pool>(world_.loop, world_.timers,
                             PoolSettings{.function = name,
                                          .index = static_cast<events::FunctionIndex>(index),
                                          .rules = rules,
                                          .timeout = random.between(milliseconds(5), milliseconds(500)),
                                          .queue_timeout = random.between(milliseconds(1), seconds(2)),
                                          .max_requests = random.chance(20) ? 1 + random.below(20) : 0,
                                          .reuse = !random.chance(10),
                                          .processors = static_cast<unsigned>(1 + random.below(4))},
                             std::make_unique<scaler::FixedKeepWarm>(rules), std::move(source), log_);
}

bool Storm::look() {
  bool any = false;
  for (SimulatedSource* source : sources_) any = source->look() || any;
  return any;
}

void Storm::change_weather() {
  Random& random = world_.random;
  for (Weather& weather : weather_) {
    weather = {};
    switch (random.below(4)) {
      case 0:  // fair
        break;
      case 1:
        weather = {.crash = 100, .start_fails = 20};
        break;
      default:
        weather = {.crash = static_cast<unsigned>(random.below(20)),
                   .nonsense = static_cast<unsigned>(random.below(6)),
                   .hang = static_cast<unsigned>(random.below(6)),
                   .error = static_cast<unsigned>(random.below(20)),
                   .slow = static_cast<unsigned>(random.below(60)),
                   .chatty = static_cast<unsigned>(random.below(20)),
                   .start_fails = static_cast<unsigned>(random.below(10))};
        break;
    }
  }
}

Client& Storm::send(const std::string& function, bool may_leave) {
  Random& random = world_.random;
  Client& client = *clients_.emplace_back(std::make_unique<Client>());
  client.number = clients_.size();
  client.id = ids_.make().view();
  client.body = fmt::format("nonce {}", client.number);
  if (random.chance(3)) client.body.resize(4096 + random.below(60'000), 'm');
  client.cancels = may_leave && random.chance(30);
  spawn_detached(world_.loop.get_executor(), [](Dispatcher& to, Client& from, std::string name) -> Task<> {
    const Invocation call{.function = name,
                          .request_id = from.id,
                          .method = "POST",
                          .body = from.body,
                          .cancellation = from.cancels ? &from.cancellation : nullptr,
                          .caller = &from};
    const Outcome outcome = co_await to.invoke(call);
    ++from.outcomes;
    from.kind = outcome.kind;
    from.timing = outcome.timing;
    check_times(*to.catalog().find(name)->second, from);
    require(outcome.kind != Outcome::Kind::ok || outcome.body == from.body, "an answer is the request's own",
            fmt::format("request {} got '{}'", from.number, outcome.body.substr(0, 40)));
  }(*dispatcher_, client, function));
  if (may_leave && random.chance(25))
    world_.after(random.between(std::chrono::microseconds(1), milliseconds(300)), [&client] {
      client.left = true;
      if (client.cancels && client.outcomes == 0) client.cancellation.request();
    });
  return client;
}

void Storm::burst() {
  Random& random = world_.random;
  const std::string function = random.chance(60) ? "latte" : "mocha";
  const std::uint64_t count = 1 + random.below(random.chance(20) ? 60 : 8);
  for (std::uint64_t i = 0; i < count; ++i)
    world_.after(random.between(Duration(0), milliseconds(3)), [this, function] { send(function, true); });
}

void Storm::operate() {
  Random& random = world_.random;
  Pool& pool = *dispatcher_->catalog().at(random.chance(50) ? "latte" : "mocha");
  switch (random.below(3)) {
    case 0:
      pool.warm(1 + random.below(4));
      break;
    case 1:
      pool.cold();
      break;
    default: {
      const std::vector<WorkerStatus> workers = pool.workers();
      if (!workers.empty()) pool.stop_worker(workers[random.below(workers.size())].number);
      break;
    }
  }
}

void Storm::go_on(Duration time) {
  const TimePoint end = world_.now() + time;
  while (world_.step(end)) {
    world_.settle();
    check();
  }
  replay_.read();
  replay_.compare(*dispatcher_);
}

// What holds whenever the loop has nothing left to do.
void Storm::check() {
  for (const auto& [name, pool] : dispatcher_->catalog()) {
    const scaler::Snapshot now = pool->snapshot();
    pool->roster().verify();
    require(now.workers() <= pool->settings().rules.limit, "never more workers than the limit",
            fmt::format("{} has {}", name, now.workers()));
    require(now.waiting == 0 || now.idle == 0, "no request waits for a worker while one is idle",
            fmt::format("{}: {} wait, {} idle", name, now.waiting, now.idle));
  }
}

// After a long calm every function serves again: a breaker that is open admits a trial.
void Storm::check_breakers() {
  for (Weather& weather : weather_) weather = {};
  go_on(seconds(40));
  for (const auto& [name, pool] : dispatcher_->catalog()) {
    const Client& client = send(name, false);
    go_on(seconds(5));
    require(client.outcomes == 1 && client.kind != Outcome::Kind::crash_loop,
            "an open breaker whose pause is over admits the next request",
            fmt::format("{} answers '{}'", name, client.outcomes == 1 ? code_of(client.kind) : "nothing"));
  }
}

void Storm::check_end() {
  dispatcher_->close();
  go_on(seconds(5));
  require(replay_.finished() == clients_.size(), "one outcome per request",
          fmt::format("{} of {} requests are told as finished", replay_.finished(), clients_.size()));
  for (const auto& client : clients_)
    require(client->outcomes == 1, "one outcome per request",
            fmt::format("request {} has {}", client->number, client->outcomes));
  for (std::size_t i = 0; i < sources_.size(); ++i)
    require(sources_[i]->alive() == 0, "everything is gone after a drain",
            fmt::format("{} processes of function {} live", sources_[i]->alive(), i));
}

// FNV-1a.
std::uint64_t Storm::digest() const {
  std::uint64_t digest = 0xcbf29ce484222325;
  const auto add = [&digest](std::string_view bytes) {
    for (const char byte : bytes) digest = (digest ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  };
  events::EventReader reader(log_, 0);
  const auto each = [&add](const events::Event& event) {
    add({reinterpret_cast<const char*>(&event.header), sizeof event.header});
    add(event.body);
    add(event.text);
  };
  while (reader.read(each, [](std::uint64_t, std::uint64_t) {})) {
  }
  return digest;
}

void Storm::run() {
  Random& random = world_.random;
  const std::uint64_t rounds = 20 + random.below(30);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    if (round % 4 == 0) change_weather();
    burst();
    if (random.chance(20)) operate();
    go_on(random.between(milliseconds(1), seconds(random.chance(20) ? 5 : 1)));
  }
  // Some end in the middle of it.
  if (random.chance(70)) {
    check_breakers();
  } else if (random.chance(50)) {
    dispatcher_->drain();
    burst();
    go_on(milliseconds(2));
  }
  check_end();
}

}  // namespace

Result run(std::uint64_t seed) {
  Result result;
  std::optional<Storm> storm;
  try {
    storm.emplace(seed);
    storm->run();
  } catch (const std::exception& error) {
    result.violation = error.what();
  }
  result.requests = storm ? storm->requests() : 0;
  result.events = storm ? storm->events() : 0;
  result.digest = storm ? storm->digest() : 0;
  return result;
}

}  // namespace coffees::storm
