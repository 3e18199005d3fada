// An exact number of requests, `CONNECTIONS` of them under way at any time, from before the first connect to
// the last byte of the last answer. usage: requests PORT TARGET BODY CONNECTIONS TOTAL. Prints JSON.
#include <sys/epoll.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <vector>

#include "bench/connection.h"
#include "bench/statistics.h"

namespace {

using coffees::bench::Clock;
using coffees::bench::Connection;

constexpr int kPatience = 30'000;  // milliseconds without any answer; only a hang takes that long

struct Tally {
  int ok = 0;
  int failed = 0;
  int cold = 0;
  std::vector<double> times;
};

Tally run(int port, const std::string& request, int connections, int total) {
  Tally tally;
  tally.times.reserve(static_cast<std::size_t>(total));
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Connection>> open;
  int sent = 0;
  for (; sent < connections; ++sent) {
    open.push_back(std::make_unique<Connection>(port));
    epoll_event event{.events = EPOLLIN, .data = {.ptr = open.back().get()}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, open.back()->descriptor(), &event);
    open.back()->send(request);
  }
  std::array<epoll_event, 256> events;
  while (tally.ok + tally.failed < total) {
    const int count = ::epoll_wait(epoll, events.data(), events.size(), kPatience);
    if (count <= 0) break;
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      const Connection::State state = connection->receive();
      if (state == Connection::State::waiting) continue;
      if (state == Connection::State::closed) {
        ++tally.failed;
        ::epoll_ctl(epoll, EPOLL_CTL_DEL, connection->descriptor(), nullptr);
        continue;
      }
      (connection->status() == 200 ? tally.ok : tally.failed) += 1;
      if (connection->cold()) ++tally.cold;
      tally.times.push_back(connection->time());
      if (sent++ < total) connection->send(request);
    }
  }
  return tally;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) return 2;
  const int total = std::atoi(arguments[5]);
  try {
    const Clock::time_point begin = Clock::now();
    const Tally tally = run(std::atoi(arguments[1]), coffees::bench::post(arguments[2], arguments[3]),
                            std::atoi(arguments[4]), total);
    const double wall = coffees::bench::milliseconds(Clock::now() - begin);
    std::printf(R"({"wall_ms": %.3f, "ok": %d, "failed": %d, "cold": %d, "p50_ms": %.3f, "p99_ms": %.3f})"
                "\n",
                wall, tally.ok, total - tally.ok, tally.cold, coffees::bench::percentile(tally.times, 50),
                coffees::bench::percentile(tally.times, 99));
    return tally.ok == total ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
