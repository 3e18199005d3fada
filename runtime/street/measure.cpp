#include <algorithm>
#include <array>
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

constexpr std::size_t kLunches = 5;  // of which the median counts

// Looks at this process and all that it has started, from a process of its own: a thread would be part of
// what it measures. That process counts as well, but each time the same, so a difference leaves it out.
class Observer {
 public:
  explicit Observer(Duration after)
      : pipe_(platform::make_pipe()),
        process_(
            [after, observed = platform::identity::process()] {
              std::this_thread::sleep_for(after);
              const std::uint64_t bytes = platform::process_tree::memory(observed);
              std::printf("%llu\n", static_cast<unsigned long long>(bytes));
              return 0;
            },
            pipe_.second.get()) {}
  // Bytes.
  double memory() {
    const std::string answer = platform::read_line(pipe_.first.get());
    if (answer.empty() || answer == "0")
      throw std::runtime_error("the memory of these processes cannot be seen (/proc)");
    return std::stod(answer);
  }

 private:
  std::pair<platform::UniqueFd, platform::UniqueFd> pipe_;
  platform::Fork process_;
};

// Once it no longer changes: a server that has just said that it is ready still starts its zygotes.
double settled_memory() {
  double before = 0;
  double now = Observer(Duration(0)).memory();
  for (int looks = 0; looks < 40 && now != before; ++looks) {
    before = now;
    now = Observer(std::chrono::milliseconds(50)).memory();
  }
  return now;
}

// Bytes of all processes while all tasks wait. Tasks that begin late are given more time.
double memory_meanwhile(Model& model, int tasks) {
  Duration wait = std::chrono::milliseconds(600) + tasks * std::chrono::milliseconds(5);
  for (int attempt = 0; attempt < 4; ++attempt, wait *= 2) {
    const TimePoint look = SteadyClock::now() + wait / 2;
    Observer observer(wait / 2);
    const std::vector<Stretch> stretches = model.cook({.tasks = tasks, .wait = wait});
    const bool all_waited = std::all_of(stretches.begin(), stretches.end(), [look](const Stretch& stretch) {
      return stretch.from < look && look < stretch.to;
    });
    if (all_waited) return observer.memory();
  }
  throw std::runtime_error("this machine is too busy to have all tasks wait at once");
}

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
  const TimePoint begin = SteadyClock::now();
  const std::vector<Stretch> stretches = model.cook(lunch);
  measured.wall = SteadyClock::now() - begin;
  measured.cpu = Duration(platform::process_tree::cpu_nanoseconds() - cpu);
  measured.most_at_once = most_at_once(stretches);
  return measured;
}

Overhead measure_overhead(Model& model, int tasks) {
  // From zero: of the cloud this is also what its workers take.
  const double before = settled_memory();
  const double more = memory_meanwhile(model, tasks) - before;
  // What others share changes, too: there may be less than before.
  Overhead overhead{.kibibytes = std::max(more, 0.0) / 1024 / tasks};
  // Whatever is done only once.
  model.cook({.tasks = tasks});
  std::array<double, kLunches> walls{};
  for (double& wall : walls)
    wall = std::chrono::duration<double, std::micro>(measure(model, {.tasks = tasks}).wall).count();
  std::sort(walls.begin(), walls.end());
  overhead.microseconds = walls[kLunches / 2] / tasks;
  return overhead;
}

}  // namespace coffees::street
