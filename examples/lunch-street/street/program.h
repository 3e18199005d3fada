// What every program of the street has: its options, the story's clock, and lines that say who did what,
// when.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>
#include <string_view>

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

  /// A further option, "--customers"; keeps `value` where it is not given.
  template <typename Value>
  CLI::Option* option(const std::string& name, Value& value, const std::string& about) {
    return app_.add_option(name, value, about)->capture_default_str();
  }

  /// Reads the command line, then calls `body` and the story begins. Returns the exit code for main(): 0, 1
  /// when `body` throws (says what), 2 for wrong options.
  template <typename Body>
  int run(int argc, char** argv, Body&& body) {
    try {
      app_.parse(argc, argv);
      begin();
      body();
      check_output();
      return 0;
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
      return failed(error);
    }
  }

 private:
  void begin() const;
  int failed(const std::exception& error) const;

  CLI::App app_;
  double speed_ = 1;
};

}  // namespace lunch
