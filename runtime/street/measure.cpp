#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "menu/digits_of_pi.h"
#include "platform/fork.h"
#include "platform/identity.h"
#include "platform/process_tree.h"
#include "street/lunch.h"

namespace coffees::street {
namespace {

constexpr auto kLongWait = std::chrono::milliseconds(600);

// Looks at this process and all that it has started, from one of its own: a thread would be one more in the
// picture.
class Observer {
 public:
  explicit Observer(Duration after)
      : pipe_(platform::make_pipe()),
        process_(
            [after, observed = platform::identity::process()] {
              std::this_thread::sleep_for(after);
              std::printf("%llu\n",
                          static_cast<unsigned long long>(platform::process_tree::memory(observed)));
              return 0;
            },
            pipe_.second.get()) {}
  // Bytes.
  double memory() {
    const std::string answer = platform::read_line(pipe_.first.get());
    if (answer.empty()) throw std::runtime_error("the memory of these processes cannot be seen (/proc)");
    return std::stod(answer);
  }

 private:
  std::pair<platform::UniqueFd, platform::UniqueFd> pipe_;
  platform::Fork process_;
};

}  // namespace

void do_task(const Lunch& lunch) {
  if (lunch.digits == 0)
    std::this_thread::sleep_for(lunch.wait);
  else if (!digits_of_pi(lunch.digits).starts_with("31"))
    throw std::logic_error("this is not pi");
}

std::size_t most_at_once(const std::vector<Stretch>& stretches) {
  std::size_t most = 0;
  for (const Stretch& one : stretches) {
    const auto under_way = std::count_if(stretches.begin(), stretches.end(), [&one](const Stretch& other) {
      return other.from <= one.from && one.from < other.to;
    });
    most = std::max(most, static_cast<std::size_t>(under_way));
  }
  return most;
}

Measured measure(Model& model, const Lunch& lunch) {
  Measured measured;
  const std::int64_t cpu = platform::process_tree::cpu_nanoseconds();
  const TimePoint begin = Clock::now();
  const std::vector<Stretch> stretches = model.cook(lunch);
  measured.wall = Clock::now() - begin;
  measured.cpu = Duration(platform::process_tree::cpu_nanoseconds() - cpu);
  measured.most_at_once = most_at_once(stretches);
  return measured;
}

Overhead measure_overhead(Model& model, int tasks) {
  // From zero: of the cloud this is also what its workers take.
  const double before = Observer(Duration(0)).memory();
  Observer observer(kLongWait / 2);
  model.cook({.tasks = tasks, .wait = kLongWait});
  model.cook({.tasks = tasks});  // whatever is done only once
  const Measured nothing = measure(model, {.tasks = tasks});
  return {.microseconds = std::chrono::duration<double, std::micro>(nothing.wall).count() / tasks,
          .kibibytes = std::max(0.0, observer.memory() - before) / 1024 / tasks};
}

}  // namespace coffees::street
