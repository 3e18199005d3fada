// Processes: like threads, each with a memory of its own. What they have to say goes through a piece that
// they share.
#include <stdexcept>

#include "platform/fork.h"
#include "platform/shared_memory.h"
#include "street/lunch.h"

namespace coffees::street {
namespace {

class Processes : public Model {
 public:
  [[nodiscard]] const char* name() const override { return "processes"; }

  std::vector<Stretch> cook(const Lunch& lunch) override {
    const auto tasks = static_cast<std::size_t>(lunch.tasks);
    const auto [memory, descriptor] = platform::SharedMemory::create(tasks * sizeof(Stretch));
    auto* shared = static_cast<Stretch*>(memory.data());
    std::vector<platform::Fork> forks;
    forks.reserve(tasks);
    for (std::size_t i = 0; i < tasks; ++i)
      forks.emplace_back([&lunch, stretch = shared + i] {
        stretch->from = SteadyClock::now();
        do_task(lunch);
        stretch->to = SteadyClock::now();
        return 0;
      });
    bool all_well = true;
    for (platform::Fork& fork : forks) all_well = fork.wait() == 0 && all_well;
    if (!all_well) throw std::runtime_error("a process did not end well");
    return {shared, shared + tasks};
  }
};

}  // namespace

std::unique_ptr<Model> processes() { return std::make_unique<Processes>(); }

}  // namespace coffees::street
