// One program of the street, run to its end, and what it said meanwhile.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace coffees::test {

/// "   1.25 s  cook         patty 3 is on", taken apart.
struct Line {
  double time;  ///< as the story tells it
  std::string who;
  std::string what;
};

/// All that a program printed, in order.
struct Performance {
  int exit_code = -1;
  std::vector<Line> lines;
  // At any look but that behind the last line, when it may be ending: LeakSanitizer then looks for leaks with
  // a process of its own.
  std::size_t most_threads = 0;    ///< of the program itself
  std::size_t most_processes = 0;  ///< its children

  /// The lines whose `what` has `part` in it, of anybody or of those whose name begins with `who`.
  [[nodiscard]] std::vector<Line> with(const std::string& part, const std::string& who = {}) const;
  /// When the last such line was said; fails the test where there is none.
  [[nodiscard]] double time_of(const std::string& part, const std::string& who = {}) const;
  /// The time of the last line.
  [[nodiscard]] double end() const;
};

/// Runs `program` at `speed` times the story's speed, with further arguments. Fails the test when it says
/// anything that is no line of the form above, and kills it when it says nothing for a minute.
Performance perform(const std::string& program, const std::vector<std::string>& arguments = {},
                    int speed = 20);

/// Starts `program`, kills it once it has `children` of them, and returns those that are left a little later.
std::vector<int> left_behind(const std::string& program, std::size_t children);

/// The first whole number behind `word` in a text, such as 3 behind "patty" in "patty 3 is on"; -1 where
/// there is none.
int number_after(const std::string& text, const std::string& word);

/// How many of these stretches of time were under way at once, at most.
struct Stretch {
  double from;
  double to;
};
std::size_t most_at_once(const std::vector<Stretch>& stretches);

/// Whether `measured` has about the length that the story gives it: a third less, or twice as much. Tests of
/// the street assert shapes, not speed.
bool about(double measured, double told);

}  // namespace coffees::test
