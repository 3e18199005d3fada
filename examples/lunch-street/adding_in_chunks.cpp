// Adding in chunks.
//
// 1 to 100 in four chunks of 25, each added up by a process of its own. They share no memory, so each sends
// its part back through a queue; which of them is ready first does not matter, because a part says whose it
// is.
#include <fmt/format.h>

#include <array>

#include "street/processes.h"
#include "street/program.h"

using namespace lunch;

namespace {

constexpr int kChunks = 4;
constexpr int kNumbers = 25;  // in each

struct Part {
  int chunk;
  int sum;
};

void add(int chunk, ProcessQueue<Part>& parts) {
  const std::string who = fmt::format("adder {}", chunk + 1);
  const std::string numbers = fmt::format("{} to {}", chunk * kNumbers + 1, (chunk + 1) * kNumbers);
  say(who, "adds up " + numbers);
  int sum = 0;
  for (int i = 1; i <= kNumbers; ++i) sum += chunk * kNumbers + i;
  compute(0.5);
  say(who, fmt::format("{} is {}", numbers, sum));
  parts.push({chunk, sum});
}

}  // namespace

int main(int argc, char** argv) {
  Program program("A sum in four processes.");
  return program.run(argc, argv, [] {
    ProcessQueue<Part> parts;
    Staff staff;
    for (int chunk = 0; chunk < kChunks; ++chunk) staff.start([&parts, chunk] { add(chunk, parts); });
    std::array<int, kChunks> sums{};
    for (int i = 0; i < kChunks; ++i) {
      const Part part = parts.pop(staff);
      sums[static_cast<std::size_t>(part.chunk)] = part.sum;
    }
    staff.wait();
    int total = 0;
    for (const int sum : sums) total += sum;
    say("all", fmt::format("{} = {}", fmt::join(sums, " + "), total));
  });
}
