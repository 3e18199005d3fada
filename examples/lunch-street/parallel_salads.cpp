// Parallel salads.
//
// A salad bar where nobody takes turns: several members of staff work at the same time, each a process of its
// own with its own memory. All but one take a customer and a clean bowl and chop a whole salad, alone; the
// last one washes bowls. Chopping keeps a processor busy, so two processes need two processors, and then are
// twice as fast. What passes between them (customers, clean bowls, dirty bowls) passes through queues, since
// a process sees no other's memory.
#include <fmt/format.h>

#include <set>

#include "street/processes.h"
#include "street/program.h"

using namespace lunch;

namespace {

constexpr int kClosingTime = 0;  // as a customer, or as a bowl

struct Served {
  int customer;
  int bowl;
};

struct SaladBar {
  ProcessQueue<int> customers;
  ProcessQueue<int> clean_bowls;
  ProcessQueue<int> dirty_bowls;
  ProcessQueue<Served> served;
};

void make_salads(SaladBar& bar, const std::string& name) {
  while (const int customer = bar.customers.pop()) {
    const int bowl = bar.clean_bowls.pop();
    say(name, fmt::format("begins the salad of customer {} in bowl {}", customer, bowl));
    compute(1);
    say(name, fmt::format("serves customer {} in bowl {}", customer, bowl));
    bar.served.push({customer, bowl});
  }
}

void wash_bowls(SaladBar& bar) {
  while (const int bowl = bar.dirty_bowls.pop()) {
    compute(0.1);
    say("washer", fmt::format("has washed bowl {}", bowl));
    bar.clean_bowls.push(bowl);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Program program("Staff that works at the same time: processes and queues between them.");
  int staff_size = 4;
  int customers = 9;
  int bowls = 5;
  program.option("--staff", staff_size, "all but one make salads", 2, 100);
  program.option("--customers", customers, "how many come", 1, 1000);
  program.option("--bowls", bowls, "how many there are", 1, 1000);
  return program.run(argc, argv, [&] {
    SaladBar bar;
    for (int bowl = 1; bowl <= bowls; ++bowl) bar.clean_bowls.push(bowl);
    Staff staff;
    for (int i = 1; i < staff_size; ++i)
      staff.start([&bar, i] { make_salads(bar, fmt::format("maker {}", i)); });
    staff.start([&bar] { wash_bowls(bar); });

    for (int customer = 1; customer <= customers; ++customer) bar.customers.push(customer);
    for (int i = 1; i < staff_size; ++i) bar.customers.push(kClosingTime);
    for (int i = 0; i < customers; ++i) {
      const Served salad = bar.served.pop(staff);  // eaten at once
      bar.dirty_bowls.push(salad.bowl);
    }
    bar.dirty_bowls.push(kClosingTime);
    staff.wait();

    std::set<int> left;
    while (const std::optional<int> bowl = bar.clean_bowls.pop_if_any())
      if (!left.insert(*bowl).second) throw std::logic_error("a bowl is there twice");
    say("bar", fmt::format("{} salads by {} makers; {} of {} bowls are clean", customers, staff_size - 1,
                           left.size(), bowls));
  });
}
