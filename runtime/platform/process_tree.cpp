#include "platform/process_tree.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace coffees::platform::process_tree {
namespace {

std::vector<std::string> threads_of(int pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/task";
  std::vector<std::string> threads;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr)
    if (entry->d_name[0] != '.') threads.push_back(path + "/" + entry->d_name);
  return threads;
}

void add_descendants(int pid, std::vector<int>& all) {
  for (const std::string& thread : threads_of(pid)) {
    std::ifstream children(thread + "/children");
    for (int child = 0; children >> child;) {
      all.push_back(child);
      add_descendants(child, all);
    }
  }
}

std::vector<int> descendants(int pid) {
  std::vector<int> all;
  add_descendants(pid, all);
  return all;
}

std::int64_t nanoseconds(const timeval& time) {
  return (std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec) * 1000;
}

std::uint64_t pss(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string word; file >> word;)
    if (std::uint64_t kibibytes = 0; word == "Pss:" && file >> kibibytes) return kibibytes * 1024;
  return 0;
}

}  // namespace

std::int64_t cpu_nanoseconds() {
  std::int64_t total = 0;
  for (const auto whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    ::getrusage(whose, &used);
    total += nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime);
  }
  for (const int pid : descendants(::getpid()))
    for (const std::string& thread : threads_of(pid)) {
      std::ifstream file(thread + "/schedstat");  // its first number: time spent on a processor
      std::int64_t used = 0;
      if (file >> used) total += used;
    }
  return total;
}

std::uint64_t memory(int root) {
  std::uint64_t total = pss(root);
  for (const int pid : descendants(root)) total += pss(pid);
  return total;
}

}  // namespace coffees::platform::process_tree
