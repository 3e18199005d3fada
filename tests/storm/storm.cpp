#include "storm/storm.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "dispatcher/dispatcher.h"
#include "events/event_reader.h"
#include "request_id.h"
#include "storm/client.h"
#include "storm/functions.h"
#include "storm/invariant.h"
#include "storm/replay.h"

namespace coffees::storm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SilentSink : public LogSink {
 public:
  void line(const LogOrigin&, std::string_view, std::string_view) override {}
  void note(const LogOrigin&, std::string_view, std::string_view) override {}
};

// Grace after a timeout, the kill, and the wait for a report of how it ended.
constexpr auto kLongestEnd = milliseconds(270);

// Far more than one storm's events need.
constexpr std::size_t kLogWords = std::size_t{1} << 18;

class Storm {
 public:
  explicit Storm(std::uint64_t seed)
      : world_(seed),
        ids_(world_.clock, seed),
        log_(world_.timers, {"latte", "mocha"}, {.ring_words = kLogWords, .chunks = 1}),
        replay_(log_) {
    FunctionCatalog catalog;
    for (const char* name : {"latte", "mocha"}) {
      const std::size_t index = sources_.size();
      DrawnFunction function = draw_function(world_, name, index, faults_[index], sink_, log_);
      sources_.push_back(function.source);
      catalog[name] = std::move(function.pool);
    }
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
  void change_faults();
  void burst();
  void operate();
  Client& send(const std::string& function, bool may_leave);
  void go_on(Duration time);
  void check();
  void check_ends(const WorkerPool& pool, std::size_t index);
  void check_breakers();
  void check_end();
  bool look();

  World world_;
  RequestIdSource ids_;
  SilentSink sink_;
  events::EventLog log_;
  Replay replay_;
  FaultRates faults_[2];
  std::vector<SimulatedSource*> sources_;
  std::optional<Dispatcher> dispatcher_;
  std::vector<std::unique_ptr<Client>> clients_;
  bool closed_ = false;
  std::size_t workers_before_[2] = {0, 0};
  std::map<WorkerNumber, TimePoint> stopping_since_[2];
};

bool Storm::look() {
  bool any = false;
  for (SimulatedSource* source : sources_) any = source->look() || any;
  return any;
}

void Storm::change_faults() {
  for (FaultRates& faults : faults_) faults = draw_fault_rates(world_.random);
}

Client& Storm::send(const std::string& function, bool may_leave) {
  Client& client = *clients_.emplace_back(std::make_unique<Client>());
  client.number = clients_.size();
  client.id = ids_.make().view();
  go(world_, *dispatcher_, client, function, may_leave);
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
  const std::size_t index = random.below(2);
  WorkerPool& pool = *dispatcher_->catalog().at(index == 0 ? "latte" : "mocha");
  switch (random.below(4)) {
    case 3:
      // As many as there are may stay above a lower limit, for a while.
      workers_before_[index] = pool.snapshot().workers();
      redraw_settings(world_, pool);
      break;
    case 0:
      pool.warm(1 + random.below(4));
      break;
    case 1:
      pool.cold();
      break;
    default: {
      const auto& workers = pool.table().all();
      if (!workers.empty())
        pool.stop_worker(std::next(workers.begin(), static_cast<int>(random.below(workers.size())))->first);
      break;
    }
  }
}

void Storm::go_on(Duration time) {
  const TimePoint end = world_.now() + time;
  world_.settle();
  while (world_.step(end)) check();
  replay_.read();
  replay_.compare(*dispatcher_);
}

// What holds whenever the loop has nothing left to do.
void Storm::check() {
  std::size_t index = 0;
  for (const auto& [name, pool] : dispatcher_->catalog()) {
    const scaler::Snapshot now = pool->snapshot();
    pool->table().verify();
    pool->queue().verify(world_.now());
    const std::size_t limit = std::max(pool->settings().rules.limit, workers_before_[index]);
    require(now.workers() <= limit, "never more workers than the limit",
            fmt::format("{} has {} of {}", name, now.workers(), limit));
    workers_before_[index] = now.workers();
    require(now.waiting == 0 || now.idle == 0, "no request waits for a worker while one is idle",
            fmt::format("{}: {} wait, {} idle", name, now.waiting, now.idle));
    require(now.idle == 0 || now.workers() <= pool->settings().rules.limit,
            "no worker is idle above the limit", name);
    check_ends(*pool, index);
    ++index;
  }
}

void Storm::check_ends(const WorkerPool& pool, std::size_t index) {
  const std::string& name = pool.settings().function;
  const scaler::Rules& rules = pool.settings().rules;
  const scaler::Snapshot now = pool.snapshot();
  const auto& table = pool.table().all();
  for (const WorkerNumber number : sources_[index]->living())
    require(table.contains(number), "what is believed dead is dead",
            fmt::format("{}#{} lives", name, number));
  if (closed_) return;
  if (now.idle > 0 && now.workers() > rules.min_warm)
    require(world_.now() - pool.table().longest_idle().times.reported <= rules.keep_warm,
            "no worker is idle for longer than keep_warm", name);
  std::map<WorkerNumber, TimePoint>& since = stopping_since_[index];
  std::erase_if(since, [&table](const auto& one) { return !table.contains(one.first); });
  if (pool.table().count(WorkerState::stopping) == 0) return;
  for (const auto& [number, worker] : table)
    if (worker.state == WorkerState::stopping)
      require(world_.now() - since.emplace(number, world_.now()).first->second <= kLongestEnd,
              "a worker that stops is gone soon", fmt::format("{}#{} is not", name, number));
}

// After a long calm every function serves again: a breaker that is open admits a trial.
void Storm::check_breakers() {
  for (FaultRates& faults : faults_) faults = {};
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
  closed_ = true;
  world_.settle();
  for (const auto& [name, pool] : dispatcher_->catalog())
    require(pool->queue().size() == 0, "closing ends all waits", name);
  go_on(seconds(5));
  require(replay_.finished() == clients_.size(), "one outcome per request",
          fmt::format("{} of {} requests are told as finished", replay_.finished(), clients_.size()));
  for (const auto& client : clients_)
    require(client->outcomes == 1, "one outcome per request",
            fmt::format("request {} has {}", client->number, client->outcomes));
  require(world_.budget.held() == 0, "the memory budget is given back",
          fmt::format("{} bytes are held", world_.budget.held()));
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
    if (round % 4 == 0) change_faults();
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

Result run(std::uint64_t seed, bool with_digest) {
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
  if (storm && with_digest) result.digest = storm->digest();
  return result;
}

}  // namespace coffees::storm
