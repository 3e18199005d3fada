// Bread and sandwiches.
//
// Two cooks, two threads: one bakes three loaves of bread, 2 each; the other makes three sandwiches, 1 each.
// Together they take 6, as long as the slower of them. Both write on the same board, piece by piece, and when
// the first loaf is ready, so is the second sandwich. So they have to agree on who writes: whoever holds the
// chalk (a mutex) finishes the line.
#include <cstdio>
#include <mutex>
#include <thread>

#include "street/program.h"

using namespace lunch;

namespace {

std::mutex chalk;

void write_on_board(const char* who, const char* what, int number) {
  const std::lock_guard holds(chalk);
  // Piece by piece, as one writes: without the lock the other's pieces would come in between.
  std::printf("%7.2f s  ", story_time());
  std::fflush(stdout);
  std::this_thread::sleep_for(takes(0.1));
  std::printf("%-12s ", who);
  std::fflush(stdout);
  std::this_thread::sleep_for(takes(0.1));
  std::printf("%s %d is ready\n", what, number);
  std::fflush(stdout);
}

void make(const char* who, const char* what, double each) {
  // The oven goes on while somebody writes: what counts is when each is ready.
  const Clock::time_point begin = Clock::now();
  for (int number = 1; number <= 3; ++number) {
    std::this_thread::sleep_until(begin + takes(number * each));
    write_on_board(who, what, number);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Program program("Two threads and one lock.");
  return program.run(argc, argv, [] {
    std::thread bread(make, "baker", "bread", 2.0);
    std::thread sandwiches(make, "cook", "sandwich", 1.0);
    bread.join();
    sandwiches.join();
    say("kitchen", "all is ready");
  });
}
