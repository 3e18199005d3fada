// Handlers that never end meet a timeout of 100 ms: how late the answers come, and how late the processes are
// gone. WORKERS of them spin at the same time, each in a worker that was waiting. usage: timeouts WORKERS
// REPEATS. Prints JSON.
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <vector>

#include "bench/connection.h"
#include "bench/statistics.h"
#include "e2e/support/server.h"

namespace {

using coffees::bench::Clock;
using coffees::bench::Connection;
using coffees::bench::milliseconds;

constexpr double kTimeout = 100;
constexpr int kPatience = 5'000;  // milliseconds; only a hang takes that long

struct Late {
  std::vector<double> answers;
  std::vector<double> ends;
};

void watch(int epoll, int descriptor, int index) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = index}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) throw std::runtime_error("epoll_ctl");
}

// One request for each waiting worker. An answer's lateness counts from its own request; a process's from the
// first request of all, because nothing says which worker got which: at most too long by the time the
// requests take to send.
void round(int port, const std::vector<pid_t>& workers, Late& late) {
  const int count = static_cast<int>(workers.size());
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<int> processes;  // pidfd_open(2): readable once the process has ended
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < count; ++i) {
    processes.push_back(static_cast<int>(::syscall(SYS_pidfd_open, workers[static_cast<std::size_t>(i)], 0)));
    watch(epoll, processes.back(), count + i);
    connections.push_back(std::make_unique<Connection>(port));
    watch(epoll, connections.back()->descriptor(), i);
  }
  const std::string request = coffees::bench::post("/ridiculous", "{}");
  const Clock::time_point begin = Clock::now();
  for (const auto& connection : connections) connection->send(request);

  for (int left = 2 * count; left > 0;) {
    epoll_event event{};
    if (::epoll_wait(epoll, &event, 1, kPatience) != 1)
      throw std::runtime_error("an answer or an end is missing");
    if (event.data.fd >= count) {
      late.ends.push_back(milliseconds(Clock::now() - begin) - kTimeout);
      ::epoll_ctl(epoll, EPOLL_CTL_DEL, processes[static_cast<std::size_t>(event.data.fd - count)], nullptr);
      --left;
      continue;
    }
    Connection& connection = *connections[static_cast<std::size_t>(event.data.fd)];
    const Connection::State state = connection.receive();
    if (state == Connection::State::waiting) continue;
    if (state == Connection::State::closed || connection.status() != 504 || connection.cold())
      throw std::runtime_error("an answer is not a 504 of a waiting worker");
    late.answers.push_back(connection.time() - kTimeout);
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, connection.descriptor(), nullptr);
    --left;
  }
  for (const int process : processes) ::close(process);
  ::close(epoll);
}

// The client must not queue behind the spinners for a processor: what it shall see is when the answer is
// there. Without the right to do so, it queues.
void run_before_others() {
  const sched_param priority{.sched_priority = 1};
  (void)::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const auto workers = static_cast<std::size_t>(std::atoi(arguments[1]));
  using namespace coffees::test;
  try {
    const Server server(function("ridiculous", menu("ridiculous"),
                                 "timeout = \"100ms\"\nmin_warm = " + std::to_string(workers)),
                        {"--quiet"});
    run_before_others();
    Late late;
    for (int i = 0; i < std::atoi(arguments[2]); ++i) {
      if (!eventually([&] { return server.workers().size() == workers; }))
        throw std::runtime_error("the waiting workers did not start");
      sleep_ms(20);  // counted as processes, they still have to say that they are ready
      round(server.port(), server.workers(), late);
    }
    using coffees::bench::percentile;
    std::printf(R"({"answer_p50_ms": %.3f, "answer_p99_ms": %.3f, "gone_p50_ms": %.3f, "gone_p99_ms": %.3f})"
                "\n",
                percentile(late.answers, 50), percentile(late.answers, 99), percentile(late.ends, 50),
                percentile(late.ends, 99));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
