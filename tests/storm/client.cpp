#include "storm/client.h"

#include <fmt/format.h>

#include "storm/invariant.h"

namespace coffees::storm {
namespace {

using std::chrono::milliseconds;

// For an end to be reported after a deadline has passed.
constexpr auto kSlack = milliseconds(5);
// A doorbell that is silenced is looked past every 5 ms.
constexpr auto kNoticed = milliseconds(6);
// A start, if a zygote hangs and dying processes have to be waited for.
constexpr auto kLongestStart = milliseconds(3500);

// From its arrival until its answer: it may wait, start a worker, run, lose it, and all of that once more.
void check_time(World& world, const WorkerPool& pool, const Client& client, TimePoint arrived) {
  const PoolSettings& settings = pool.settings();
  const Duration once = settings.queue_timeout + kLongestStart + settings.timeout + kSlack;
  const Duration took = world.now() - arrived;
  require(took <= 2 * once, "every request is answered in time",
          fmt::format("request {} of {} ({}) took {} ms", client.number, pool.settings().function,
                      code_of(client.kind), took / milliseconds(1)));
  const auto answered = world.answered.find(client.body);
  if (client.kind != Outcome::Kind::ok || answered == world.answered.end()) return;
  require(world.now() - answered->second <= kNoticed, "no answer is overlooked",
          fmt::format("that to request {}", client.number));
}

void check(const World& world, const Client& client, const Outcome& outcome, Duration limit) {
  const bool own = outcome.body.view().starts_with(client.body) &&
                   outcome.body.view().find_first_not_of('m', client.body.size()) == std::string::npos;
  require(outcome.kind != Outcome::Kind::ok || own, "an answer is the request's own",
          fmt::format("request {} got '{}'", client.number, outcome.body.view().substr(0, 40)));
  const std::string seen = fmt::format("request {} ({}) ran {} ns of {}", client.number,
                                       code_of(outcome.kind), outcome.timing.exec.count(), limit.count());
  require(outcome.timing.exec <= limit + kSlack, "answered at the deadline whatever the worker does", seen);
  require(outcome.kind != Outcome::Kind::timeout || outcome.timing.exec >= limit, "no deadline comes early",
          seen);
  // A simulated worker looks for its next request within a fraction of the shortest time limit.
  require(outcome.kind != Outcome::Kind::timeout || world.begun.contains(client.body),
          "no request runs out of time before its handler has begun", seen);
}

Task<> ask(World& world, Dispatcher& dispatcher, Client& client, std::string function) {
  const WorkerPool& pool = *dispatcher.catalog().find(function)->second;
  const TimePoint arrived = world.now();
  const Invocation call{.function = function,
                        .request_id = client.id,
                        .method = "POST",
                        .body = client.body,
                        .cancellation = client.cancels ? &client.cancellation : nullptr,
                        .caller = &client};
  const Outcome outcome = co_await dispatcher.invoke(call);
  ++client.outcomes;
  client.kind = outcome.kind;
  check(world, client, outcome, pool.settings().timeout);
  check_time(world, pool, client, arrived);
}

}  // namespace

void go(World& world, Dispatcher& dispatcher, Client& client, const std::string& function, bool may_leave) {
  Random& random = world.random;
  client.body = fmt::format("nonce {}", client.number);
  // Some are too large for a mailbox.
  if (random.chance(3)) client.body.resize(4096 + random.below(60'000), 'm');
  client.cancels = may_leave && random.chance(30);
  spawn_detached(world.loop.get_executor(), ask(world, dispatcher, client, function));
  if (!may_leave || !random.chance(25)) return;
  world.after(random.between(std::chrono::microseconds(1), milliseconds(300)), [&client] {
    client.left = true;
    if (client.cancels && client.outcomes == 0) client.cancellation.request();
  });
}

}  // namespace coffees::storm
