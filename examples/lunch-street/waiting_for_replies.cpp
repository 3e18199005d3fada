// Waiting for replies.
//
// Four questions to an outside service that takes 1 for each answer. One after another that takes 4. With
// four threads it takes 1, and with four tasks on one thread it takes 1 as well: nobody works while an answer
// is on its way, so waiting for several of them costs no more than waiting for one.
#include <fmt/format.h>

#include <future>
#include <vector>

#include "street/outside_service.h"

using namespace lunch;

namespace {

constexpr int kQuestions = 4;

std::string question(int number) { return fmt::format("/reply/{}", number); }

void one_after_another(int port) {
  for (int i = 1; i <= kQuestions; ++i) say("in turn", ask(port, question(i)));
}

void with_threads(int port) {
  std::vector<std::future<void>> threads;
  for (int i = 1; i <= kQuestions; ++i)
    threads.push_back(std::async(std::launch::async, [port, i] { say("threads", ask(port, question(i))); }));
  for (std::future<void>& thread : threads) thread.get();
}

Task<> ask_and_tell(int port, int number) {
  const std::string answer = co_await ask_async(port, question(number));
  say("async", answer);
}

void with_tasks(int port) {
  Loop loop(1);
  for (int i = 1; i <= kQuestions; ++i) start(loop, ask_and_tell(port, i));
  loop.run();
}

void measure(const char* way, void (*ask_all)(int), int port) {
  const double begin = story_time();
  ask_all(port);
  say(way, fmt::format("{} replies took {:.2f} s", kQuestions, story_time() - begin));
}

}  // namespace

int main(int argc, char** argv) {
  Program program("Four replies from outside: one after another, with threads, with tasks on one thread.");
  return program.run(argc, argv, [] {
    const OutsideService service;
    measure("in turn", one_after_another, service.port());
    measure("threads", with_threads, service.port());
    measure("async", with_tasks, service.port());
  });
}
