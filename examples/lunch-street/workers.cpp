// Workers: first steps.
//
// The smallest program of each kind: a thread that counts; five threads and five processes that each wait 2
// and are together after 2, not 10; two tasks on one thread; and a call that keeps the processor busy, moved
// off the loop, which goes on meanwhile.
#include <fmt/format.h>

#include <boost/asio/thread_pool.hpp>
#include <thread>
#include <vector>

#include "street/async.h"
#include "street/processes.h"

using namespace lunch;

namespace {

constexpr int kWorkers = 5;

void wait_two(const std::string& who) {
  say(who, "begins to wait");
  std::this_thread::sleep_for(takes(2));
  say(who, "has waited 2");
}

void counting_thread() {
  std::thread thread([] {
    for (int i = 1; i <= 5; ++i) {
      say("counter", fmt::format("counts {}", i));
      std::this_thread::sleep_for(takes(0.2));
    }
  });
  thread.join();
}

void five_threads() {
  std::vector<std::jthread> threads;  // joined at the end
  for (int i = 1; i <= kWorkers; ++i) threads.emplace_back(wait_two, fmt::format("thread {}", i));
}

void five_processes() {
  Staff staff;
  for (int i = 1; i <= kWorkers; ++i) staff.start([i] { wait_two(fmt::format("process {}", i)); });
  staff.wait();
}

Task<> wait_as_task(std::string who, double seconds) {
  co_await pause(seconds);
  say(who, fmt::format("has waited {:.0f}", seconds));
}

void two_tasks() {
  Loop loop(1);
  start(loop, wait_as_task("task 1", 2));
  start(loop, wait_as_task("task 2", 1));
  loop.run();
}

// On the thread that it is handed to.
Task<int> keep_processor_busy(int number) {
  compute(2);
  co_return 2 * number;
}

Task<> tick(const bool& over, int& ticks) {
  while (!over) {
    co_await pause(0.1);
    ++ticks;
  }
}

Task<> call_off_the_loop(asio::thread_pool& thread, bool& over, int& ticks) {
  const int result = co_await asio::co_spawn(thread, keep_processor_busy(2), asio::use_awaitable);
  say("loop", fmt::format("2 became {}; ticked {} times meanwhile", result, ticks));
  over = true;
}

void moved_off_the_loop() {
  asio::thread_pool thread(1);
  Loop loop(1);
  bool over = false;
  int ticks = 0;
  start(loop, tick(over, ticks));
  start(loop, call_off_the_loop(thread, over, ticks));
  loop.run();
}

void measure(const char* step, void (*body)()) {
  const double begin = story_time();
  body();
  say("step", fmt::format("{} took {:.2f} s", step, story_time() - begin));
}

}  // namespace

int main(int argc, char** argv) {
  Program program("First steps with threads, processes and tasks.");
  return program.run(argc, argv, [] {
    measure("a counting thread", counting_thread);
    measure("five threads", five_threads);
    measure("five processes", five_processes);
    measure("two tasks", two_tasks);
    measure("a call off the loop", moved_off_the_loop);
  });
}
