#include "storm/functions.h"

#include "scaler/fixed_keep_warm.h"

namespace coffees::storm {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

scaler::Rules draw_rules(Random& random) {
  scaler::Rules rules;
  rules.limit = 1 + random.below(6);
  rules.keep_warm = random.between(milliseconds(1), seconds(5));
  rules.min_warm = random.chance(33) ? random.below(rules.limit + 1) : 0;
  rules.queue = random.chance(70) ? random.below(40) : 0;
  return rules;
}

PoolSettings draw_settings(Random& random) {
  PoolSettings settings;
  settings.rules = draw_rules(random);
  settings.timeout = random.between(milliseconds(5), milliseconds(500));
  settings.queue_timeout = random.between(milliseconds(1), seconds(2));
  settings.max_requests = random.chance(20) ? 1 + random.below(20) : 0;
  settings.reuse = !random.chance(10);
  settings.processors = static_cast<unsigned>(1 + random.below(4));
  return settings;
}

}  // namespace

DrawnFunction draw_function(World& world, const std::string& name, std::size_t index,
                            const FaultRates& faults, LogSink& sink, events::EventLog& log) {
  PoolSettings settings = draw_settings(world.random);
  settings.function = name;
  settings.index = static_cast<events::FunctionIndex>(index);
  ProcessSettings process{.function = name, .index = settings.index, .max_body = 1 << 20, .memory = 1 << 27};
  process.budget = &world.budget;
  auto source = std::make_unique<SimulatedSource>(world, faults, std::move(process), sink);
  DrawnFunction function;
  function.source = source.get();
  auto policy = std::make_unique<scaler::FixedKeepWarm>(settings.rules);
  function.pool = std::make_unique<WorkerPool>(world.loop, world.timers, std::move(settings),
                                               std::move(policy), std::move(source), log);
  return function;
}

void redraw_settings(World& world, WorkerPool& pool) {
  PoolSettings settings = draw_settings(world.random);
  const PoolSettings& before = pool.settings();
  settings.function = before.function;
  settings.index = before.index;
  settings.timeout = before.timeout;
  settings.queue_timeout = before.queue_timeout;
  settings.generation = before.generation + (world.random.chance(50) ? 1 : 0);
  auto policy = std::make_unique<scaler::FixedKeepWarm>(settings.rules);
  pool.replace(std::move(settings), std::move(policy));
}

}  // namespace coffees::storm
