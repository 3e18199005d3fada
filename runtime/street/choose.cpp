#include "street/choose.h"

namespace coffees::street {

std::optional<Question> next_question(Problem& problem, std::string*& member) {
  const auto ask = [&member](std::string& answer, const char* flag, const char* text,
                             std::vector<const char*> answers) -> std::optional<Question> {
    member = &answer;
    return Question{flag, text, std::move(answers)};
  };
  if (problem.worth.empty())
    return ask(problem.worth, "--worth", "Is it worth speeding up at all?", {"yes", "no"});
  if (problem.worth == "no") return std::nullopt;
  if (problem.bound.empty())
    return ask(problem.bound, "--bound", "What does it mostly do: wait for others (io), or compute (cpu)?",
               {"io", "cpu"});
  if (problem.bound == "io") {
    if (problem.many_slow_connections.empty())
      return ask(problem.many_slow_connections, "--many-slow-connections",
                 "Does it wait on many slow connections at once (hundreds or more)?", {"yes", "no"});
    return std::nullopt;
  }
  if (problem.shared_state.empty())
    return ask(problem.shared_state, "--shared-state", "Do the tasks change something that they share?",
               {"yes", "no"});
  if (problem.shared_state == "no" && problem.under_timeout.empty())
    return ask(problem.under_timeout, "--under-timeout",
               "Is each task done within the timeout of a cloud function (3 s unless you set it)?",
               {"yes", "no"});
  return std::nullopt;
}

Choice choose(const Problem& problem) {
  if (problem.worth == "no")
    return {
        "one after another",
        "what is fast enough needs no concurrency: one thing after the other is the easiest to read, to test "
        "and to be right about"};
  if (problem.bound == "io") {
    if (problem.many_slow_connections == "yes")
      return {"async",
              "many tasks that only wait fit on one thread: each costs a few hundred bytes in place of a "
              "stack, and "
              "nothing changes under a task except where it says co_await"};
    return {
        "threads",
        "a few tasks that wait can each have a thread: the code stays plain, libraries may block, and the "
        "operating system switches"};
  }
  if (problem.shared_state == "yes")
    return {
        "threads",
        "threads see the same memory and, in C++, compute on all processors at once (in Python one "
        "interpreter "
        "lock would keep them to one at a time: there it would be processes); what they share needs a lock"};
  if (problem.under_timeout == "yes")
    return {"cloud functions",
            "tasks that share nothing and end in time can run anywhere: the runtime starts as many workers "
            "as there "
            "are requests, keeps them apart, stops what takes too long, and lets them go afterwards"};
  return {"processes",
          "tasks that share nothing but take longer than a timeout allows need processes of your own: they "
          "run in parallel just as well, and no timeout stops them"};
}

}  // namespace coffees::street
