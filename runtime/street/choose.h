// Which way of having several things done fits a problem.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace coffees::street {

/// One question of the flow chart.
struct Question {
  const char* flag;                  ///< "--bound"
  const char* text;                  ///< as it is asked
  std::vector<const char*> answers;  ///< the words that are understood
};

/// What is known so far; empty: not asked yet.
struct Problem {
  std::string worth;                  ///< yes or no
  std::string bound;                  ///< io or cpu
  std::string many_slow_connections;  ///< yes or no
  std::string shared_state;           ///< yes or no
  std::string under_timeout;          ///< yes or no
};

struct Choice {
  std::string model;   ///< one after another, threads, async, processes, or cloud functions
  std::string reason;  ///< why this one
};

/// The next question, or nothing when the choice can be made. `member` is where its answer belongs.
std::optional<Question> next_question(Problem& problem, std::string*& member);

/// The one answer to a problem all of whose questions are answered.
Choice choose(const Problem& problem);

}  // namespace coffees::street
