// A coffee shop.
//
// Boiling water takes 3, grinding beans takes 2. The barista starts both and then waits for both: 3 in all,
// not 5, with a single pair of hands and a single thread, because neither needs the barista while it goes on.
#include <fmt/format.h>

#include "street/async.h"

using namespace lunch;

namespace {

Task<> boil_water() {
  say("kettle", "begins to boil water");
  co_await pause(3);
  say("kettle", "the water boils");
}

Task<> grind_beans() {
  say("grinder", "begins to grind beans");
  co_await pause(2);
  say("grinder", "the beans are ground");
}

}  // namespace

int main(int argc, char** argv) {
  Program program("Two waits at the same time on one thread.");
  return program.run(argc, argv, [] {
    Loop loop(1);
    start(loop, boil_water());
    start(loop, grind_beans());
    loop.run();  // until both are done
    say("barista", fmt::format("coffee is ready after {:.1f} s", story_time()));
  });
}
