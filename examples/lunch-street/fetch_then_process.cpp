// Fetch, then process.
//
// A bill comes from an outside service, slowly; then it has to be added up, which keeps a processor busy. The
// event loop does neither: while it fetches it waits with co_await, and the adding up goes to a thread. So it
// goes on with whatever else there is to do, here: ticking.
#include <fmt/format.h>

#include <boost/asio/thread_pool.hpp>
#include <sstream>

#include "street/outside_service.h"

using namespace lunch;

namespace {

struct Day {
  bool over = false;
  int ticks = 0;
};

Task<> tick(Day& day) {
  while (!day.over) {
    co_await pause(0.1);
    ++day.ticks;
  }
}

// On the thread that it is handed to.
Task<int> add_up(std::string bill) {
  compute(1);
  int sum = 0;
  std::istringstream numbers(bill);
  for (int number = 0; numbers >> number;) sum += number;
  co_return sum;
}

Task<> fetch_then_process(int port, asio::thread_pool& thread, Day& day) {
  say("loop", "asks for the bill");
  const std::string bill = co_await ask_async(port, "/bill");
  say("loop", fmt::format("the bill is here, {} bytes; ticked {} times meanwhile", bill.size(), day.ticks));
  const int before = day.ticks;
  const int sum = co_await asio::co_spawn(thread, add_up(bill), asio::use_awaitable);
  say("loop", fmt::format("it comes to {}; ticked {} times meanwhile", sum, day.ticks - before));
  day.over = true;
}

}  // namespace

int main(int argc, char** argv) {
  Program program("Fetch without blocking the loop, then process in a thread.");
  return program.run(argc, argv, [] {
    const OutsideService service;
    asio::thread_pool thread(1);
    Loop loop(1);
    Day day;
    start(loop, tick(day));
    start(loop, fetch_then_process(service.port(), thread, day));
    loop.run();
  });
}
