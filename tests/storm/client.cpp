#include "storm/client.h"

#include <fmt/format.h>

#include "storm/invariant.h"

namespace coffees::storm {
namespace {

using std::chrono::milliseconds;

// For an end to be reported after a deadline has passed.
constexpr auto kSlack = milliseconds(5);

void check(const WorkerPool& pool, const Client& client, const Outcome& outcome) {
  require(outcome.kind != Outcome::Kind::ok || outcome.body == client.body, "an answer is the request's own",
          fmt::format("request {} got '{}'", client.number, outcome.body.substr(0, 40)));
  const Duration limit = pool.settings().timeout;
  const std::string seen = fmt::format("request {} ({}) ran {} ns of {}", client.number,
                                       code_of(outcome.kind), outcome.timing.exec.count(), limit.count());
  require(outcome.timing.exec <= limit + kSlack, "answered at the deadline whatever the worker does", seen);
  require(outcome.kind != Outcome::Kind::timeout || outcome.timing.exec >= limit, "no deadline comes early",
          seen);
}

Task<> ask(Dispatcher& dispatcher, Client& client, std::string function) {
  const Invocation call{.function = function,
                        .request_id = client.id,
                        .method = "POST",
                        .body = client.body,
                        .cancellation = client.cancels ? &client.cancellation : nullptr,
                        .caller = &client};
  const Outcome outcome = co_await dispatcher.invoke(call);
  ++client.outcomes;
  client.kind = outcome.kind;
  check(*dispatcher.catalog().find(function)->second, client, outcome);
}

}  // namespace

void go(World& world, Dispatcher& dispatcher, Client& client, const std::string& function, bool may_leave) {
  Random& random = world.random;
  client.body = fmt::format("nonce {}", client.number);
  // Some are too large for a mailbox.
  if (random.chance(3)) client.body.resize(4096 + random.below(60'000), 'm');
  client.cancels = may_leave && random.chance(30);
  spawn_detached(world.loop.get_executor(), ask(dispatcher, client, function));
  if (!may_leave || !random.chance(25)) return;
  world.after(random.between(std::chrono::microseconds(1), milliseconds(300)), [&client] {
    client.left = true;
    if (client.cancels && client.outcomes == 0) client.cancellation.request();
  });
}

}  // namespace coffees::storm
