#include "lunch_street/performance.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <thread>

#include "catch.h"

namespace coffees::test {
namespace {

constexpr int kSilence = 60'000;  // milliseconds; only a hang takes that long

std::size_t threads_of(pid_t pid) {
  std::error_code gone;
  std::filesystem::directory_iterator tasks("/proc/" + std::to_string(pid) + "/task", gone);
  return gone ? 0 : static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

std::vector<int> children_of(pid_t pid) {
  std::ifstream list("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  return {std::istream_iterator<int>(list), std::istream_iterator<int>()};
}

// Gone, or a zombie that nobody has looked at yet.
bool has_ended(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::size_t name = stat.rfind(')');
  return name == std::string::npos || stat.substr(name).starts_with(") Z");
}

// Starts a program of the street with its standard output on a pipe, whose reading end becomes `output`.
pid_t start(const std::string& program, int speed, const std::vector<std::string>& arguments, int& output) {
  std::vector<std::string> words{std::string(COFFEES_LUNCH_DIRECTORY) + "/" + program, "--speed",
                                 std::to_string(speed)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  output = ends[0];
  REQUIRE(failed == 0);
  return pid;
}

Line parse(const std::string& text) {
  static const std::regex form(R"( *(\d+\.\d\d) s  (.{12}) (.*))");
  std::smatch parts;
  INFO(text);
  REQUIRE(std::regex_match(text, parts, form));
  std::string who = parts[2];
  who.erase(who.find_last_not_of(' ') + 1);
  return {std::stod(parts[1]), who, parts[3]};
}

}  // namespace

Performance perform(const std::string& program, const std::vector<std::string>& arguments, int speed) {
  int output = -1;
  const pid_t pid = start(program, speed, arguments, output);
  Performance all;
  std::string said;
  std::array<char, 4096> bytes{};
  std::size_t threads = 0;
  std::size_t processes = 0;
  while (true) {
    pollfd news{output, POLLIN, 0};
    if (::poll(&news, 1, kSilence) == 0) {
      ::kill(pid, SIGKILL);
      FAIL_CHECK(program << " hangs");
    }
    const ssize_t count = ::read(output, bytes.data(), bytes.size());
    if (count <= 0) break;
    said.append(bytes.data(), static_cast<std::size_t>(count));
    all.most_threads = std::max(all.most_threads, threads);
    all.most_processes = std::max(all.most_processes, processes);
    threads = threads_of(pid);
    processes = children_of(pid).size();
  }
  ::close(output);
  int status = 0;
  ::waitpid(pid, &status, 0);
  all.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = said.find('\n', begin)) != std::string::npos; begin = end + 1)
    all.lines.push_back(parse(said.substr(begin, end - begin)));
  CHECK(begin == said.size());
  return all;
}

std::vector<int> left_behind(const std::string& program, std::size_t children) {
  int output = -1;
  const pid_t pid = start(program, 1, {}, output);
  std::vector<int> processes;
  for (int looks = 0; looks < 10'000 && processes.size() < children; ++looks) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    processes = children_of(pid);
  }
  CHECK(processes.size() == children);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  ::close(output);
  for (int looks = 0; looks < 5'000 && !processes.empty(); ++looks) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::erase_if(processes, has_ended);
  }
  return processes;
}

std::vector<Line> Performance::with(const std::string& part, const std::string& who) const {
  std::vector<Line> found;
  for (const Line& line : lines)
    if (line.what.find(part) != std::string::npos && line.who.starts_with(who)) found.push_back(line);
  return found;
}

double Performance::time_of(const std::string& part, const std::string& who) const {
  const std::vector<Line> found = with(part, who);
  INFO(part);
  REQUIRE_FALSE(found.empty());
  return found.back().time;
}

double Performance::end() const { return lines.empty() ? 0 : lines.back().time; }

int number_after(const std::string& text, const std::string& word) {
  const std::size_t at = text.find(word + " ");
  if (at == std::string::npos) return -1;
  const char* digits = text.c_str() + at + word.size() + 1;
  char* end = nullptr;
  const long number = std::strtol(digits, &end, 10);
  return end == digits ? -1 : static_cast<int>(number);
}

std::size_t most_at_once(const std::vector<Stretch>& stretches) {
  std::size_t most = 0;
  for (const Stretch& one : stretches)
    most = std::max(most, static_cast<std::size_t>(
                              std::count_if(stretches.begin(), stretches.end(), [&](const Stretch& other) {
                                return other.from <= one.from && one.from < other.to;
                              })));
  return most;
}

bool about(double measured, double told) { return measured >= told * 2 / 3 && measured <= told * 2; }

}  // namespace coffees::test
