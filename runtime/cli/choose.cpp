// coffees street --choose: the questions of the flow chart, and the one answer.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "street/choose.h"

namespace coffees::cli {
namespace {

// Asks on the terminal, again until the answer is one of the choices.
std::optional<std::string> ask(const street::Question& question) {
  while (true) {
    fmt::print(stderr, "{} [{}] ", question.text, fmt::join(question.answers, "/"));
    std::string answer;
    if (!std::getline(std::cin, answer)) return std::nullopt;
    for (const char* possible : question.answers)
      if (answer == possible || (answer.size() == 1 && answer[0] == possible[0])) return possible;
    fmt::print(stderr, "'{}' is not one of the choices.\n", answer);
  }
}

}  // namespace

int choose(const StreetOptions& options) {
  street::Problem problem = options.problem;
  std::string* member = nullptr;
  while (const std::optional<street::Question> question = street::next_question(problem, member)) {
    std::optional<std::string> answer = ask(*question);
    if (!answer) {
      fmt::print(stderr, "\nerror[E113]: there is no answer to: {}\n  hint: {} {}\n", question->text,
                 question->flag, fmt::join(question->answers, "|"));
      return kUsage;
    }
    *member = std::move(*answer);
  }
  const street::Choice choice = street::choose(problem);
  if (options.json)
    fmt::print("{}\n", nlohmann::ordered_json{{"model", choice.model}, {"reason", choice.reason}}.dump());
  else
    fmt::print("{}: {}.\n", choice.model, choice.reason);
  return kOk;
}

}  // namespace coffees::cli
