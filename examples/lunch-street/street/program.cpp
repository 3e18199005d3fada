#include "street/program.h"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>

namespace lunch {
namespace {

double speed = 1;
Clock::time_point beginning = Clock::now();
std::atomic<bool> output_failed = false;

std::chrono::nanoseconds processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

Clock::duration takes(double story_seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(story_seconds / speed));
}

double story_time() { return std::chrono::duration<double>(Clock::now() - beginning).count() * speed; }

void begin_story() { beginning = Clock::now(); }

void say(std::string_view who, std::string_view what) {
  std::string line = fmt::format("{:7.2f} s  {:<12} {}\n", story_time(), who, what);
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      output_failed = true;  // reported at the end: the caller has other work now
      return;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void check_output() {
  if (output_failed || std::ferror(stdout) != 0)
    throw std::runtime_error("standard output cannot be written");
}

void compute(double story_seconds) {
  const std::chrono::nanoseconds end = processor_time() + takes(story_seconds);
  while (processor_time() < end) {
  }
}

Program::Program(const std::string& about) : app_(std::make_unique<CLI::App>(about)) {
  app_->add_option("--speed", speed_, "all waiting times are divided by this")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 1000.0))
      ->check([](const std::string& text) {
        return text.find("nan") == std::string::npos ? "" : "not a number";
      });
}

Program::~Program() = default;

void Program::option(const std::string& name, int& value, const std::string& about, int least, int most) {
  app_->add_option(name, value, about)->capture_default_str()->check(CLI::Range(least, most));
}

void Program::option(const std::string& name, unsigned& value, const std::string& about) {
  app_->add_option(name, value, about)->capture_default_str();
}

void Program::option(const std::string& name, std::string& value, const std::string& about) {
  app_->add_option(name, value, about)->capture_default_str();
}

int Program::run(int argc, char** argv, const std::function<void()>& body) {
  try {
    app_->parse(argc, argv);
    begin();
    body();
    check_output();
    return 0;
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}

void Program::begin() const {
  speed = speed_;
  // The program that started this one may have it ignored; then no process could be waited for (waitpid(2)).
  std::signal(SIGCHLD, SIG_DFL);
  begin_story();
}

}  // namespace lunch
