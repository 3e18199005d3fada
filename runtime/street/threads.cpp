// Threads: the operating system switches between them, on all processors, whenever it likes.
#include <thread>

#include "street/lunch.h"

namespace coffees::street {
namespace {

class Threads : public Model {
 public:
  [[nodiscard]] const char* name() const override { return "threads"; }

  std::vector<Stretch> cook(const Lunch& lunch) override {
    std::vector<Stretch> stretches(static_cast<std::size_t>(lunch.tasks));
    std::vector<std::jthread> threads;  // joined also when the system refuses another one
    threads.reserve(stretches.size());
    for (Stretch& stretch : stretches)
      threads.emplace_back([&lunch, &stretch] {
        stretch.from = SteadyClock::now();
        do_task(lunch);
        stretch.to = SteadyClock::now();
      });
    for (std::jthread& thread : threads) thread.join();
    return stretches;
  }
};

}  // namespace

std::unique_ptr<Model> threads() { return std::make_unique<Threads>(); }

}  // namespace coffees::street
