// Long calculations beside a busy counter.
//
// One event loop serves customers. Long calculations would hold up everybody behind them, so they go to a
// pool of processes and come back as messages; meanwhile the loop goes on. The proof is a clock that the loop
// itself keeps: it ticks every 5 ms, and the program says how far apart the ticks were while the pool was
// calculating.
#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "street/async.h"
#include "street/processes.h"

using namespace lunch;

namespace {

constexpr int kPool = 2;
constexpr int kEnough = 0;
constexpr std::chrono::milliseconds kTick{5};

struct Result {
  int order;
  double value;
};

struct Pool {
  ProcessQueue<int> orders;
  ProcessQueue<Result> results;
};

void calculate(Pool& pool) {
  while (const int order = pool.orders.pop()) {
    compute(2);
    pool.results.push({order, order * 3.14});
  }
}

struct Counter {
  int open_orders = 0;
  std::vector<double> gaps;  // between ticks, ms
};

// What is long goes to the pool, what is short is served here and now.
Task<> serve_customers(Pool& pool, int orders) {
  for (int order = 1; order <= orders; ++order) {
    say("counter", fmt::format("order {} goes to the pool", order));
    pool.orders.push(order);
    co_await pause(0.2);
    say("counter", fmt::format("customer {} has a glass of water meanwhile", order));
  }
}

Task<> tick(Counter& counter, Staff& pool) {
  Clock::time_point last = Clock::now();
  while (counter.open_orders > 0) {
    co_await pause_until(last + kTick);
    const Clock::time_point now = Clock::now();
    counter.gaps.push_back(std::chrono::duration<double, std::milli>(now - last).count());
    last = now;
    pool.check();
  }
}

Task<> collect_results(Loop& loop, Pool& pool, Counter& counter) {
  asio::posix::stream_descriptor results(loop, ::dup(pool.results.descriptor()));
  while (counter.open_orders > 0) {
    co_await results.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    const Result result = pool.results.pop();
    --counter.open_orders;
    say("counter", fmt::format("{} x 3.14 = {:.2f}", result.order, result.value));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Program program("An event loop that sends long calculations to a pool of processes.");
  int orders = 6;
  program.option("--orders", orders, "how many calculations", 1, 1000);
  return program.run(argc, argv, [&] {
    Pool pool;
    Staff staff;
    for (int i = 0; i < kPool; ++i) staff.start([&pool] { calculate(pool); });

    Loop loop(1);
    Counter counter{orders, {}};
    start(loop, serve_customers(pool, orders));
    start(loop, tick(counter, staff));
    start(loop, collect_results(loop, pool, counter));
    loop.run();
    for (int i = 0; i < kPool; ++i) pool.orders.push(kEnough);
    staff.wait();

    std::sort(counter.gaps.begin(), counter.gaps.end());
    const auto percentile = [&](double part) {
      return counter.gaps[static_cast<std::size_t>(part * static_cast<double>(counter.gaps.size() - 1))];
    };
    say("counter",
        fmt::format("ticked {} times meanwhile, every {:.1f} ms (p50), {:.1f} ms (p90), {:.1f} ms (longest)",
                    counter.gaps.size(), percentile(0.5), percentile(0.9), counter.gaps.back()));
  });
}
