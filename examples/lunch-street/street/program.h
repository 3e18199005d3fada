// What every program of the street has: its options, the story's clock, and lines that say who did what,
// when.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace lunch {

using Clock = std::chrono::steady_clock;

/// Seconds as the story tells them, as a duration that really passes: divided by --speed.
Clock::duration takes(double story_seconds);

/// How long this program has run, in the story's seconds.
double story_time();

/// The story begins now: its clock is at 0. Program::run() has called it once.
void begin_story();

/// Prints one line, "   1.25 s  cook      patty 3 is on the grill", with the story's time. In one write(2) as
/// far as the kernel takes it in one, so that lines of threads and of processes never mix.
void say(std::string_view who, std::string_view what);

/// Throws std::runtime_error when standard output did not take everything that was said.
void check_output();

/// Keeps the processor busy until the calling thread has used up so much of its time (in the story's
/// seconds), as chopping and calculating would. Unlike waiting, two of these at once need two processors.
void compute(double story_seconds);

/// The options of one program. Adds --speed.
class Program {
 public:
  explicit Program(const std::string& about);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Further options, such as "--customers"; each keeps `value` where it is not given. This one takes a whole
  /// number from `least` to `most`.
  void option(const std::string& name, int& value, const std::string& about, int least, int most);
  void option(const std::string& name, unsigned& value, const std::string& about);
  void option(const std::string& name, std::string& value, const std::string& about);

  /// Reads the command line, then calls `body` and the story begins. Returns the exit code for main(): 0, 1
  /// when `body` throws (says what), 2 for wrong options.
  int run(int argc, char** argv, const std::function<void()>& body);

 private:
  void begin() const;

  std::unique_ptr<CLI::App> app_;  // CLI11's header takes seconds to compile: only program.cpp reads it
  double speed_ = 1;
};

}  // namespace lunch
