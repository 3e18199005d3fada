// coffees explain: what a code of an error, an outcome or a refusal means, and what to do.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/command_errors.h"
#include "base/field_syntax.h"
#include "base/suggest.h"
#include "cli/commands.h"
#include "outcome_table.h"
#include "refusal_code.h"

namespace coffees::cli {
namespace {

// One code, whatever it is of.
struct Explained {
  std::string code;
  std::string kind;  ///< "error", "outcome", "refusal"
  int status = 0;    ///< of HTTP; 0: none
  int exit_code = -1;
  std::string what;
  std::string why;
  std::string hint;
};

std::vector<Explained> all_codes() {
  std::vector<Explained> all;
  for (const OutcomeRow& row : outcome_rows())
    all.push_back({row.code, "outcome", row.status, row.exit_code, row.title, "", row.hint});
  for (const RefusalRow& row : refusal_rows()) {
    all.push_back({row.name, "refusal", row.status, -1, row.title, "", row.hint});
  }
  for (const CommandError& one : command_errors())
    all.push_back({one.code, "error", 0, -1, one.what, one.why, one.hint});
  return all;
}

// "error[E302]:" and "e302" mean E302.
std::string code_in(std::string text) {
  if (const std::size_t bracket = text.find('['); bracket != std::string::npos)
    text = text.substr(bracket + 1, text.find(']', bracket) - bracket - 1);
  if (text.size() == 4 && text[0] == 'e' && is_digit(text[1])) text[0] = 'E';
  return text;
}

void print_one(const Explained& one) {
  fmt::print("{}: {}\n", one.code, one.what);
  if (one.status != 0) fmt::print("  HTTP status: {}\n", one.status);
  if (one.exit_code >= 0) fmt::print("  exit code:   {}\n", one.exit_code);
  if (!one.why.empty()) fmt::print("  why:         {}\n", one.why);
  if (!one.hint.empty()) fmt::print("  what to do:  {}\n", one.hint);
}

nlohmann::ordered_json document_of(const Explained& one) {
  nlohmann::ordered_json document{{"code", one.code}, {"kind", one.kind}, {"what", one.what}};
  if (one.status != 0) document["status"] = one.status;
  if (one.exit_code >= 0) document["exit_code"] = one.exit_code;
  if (!one.why.empty()) document["why"] = one.why;
  if (!one.hint.empty()) document["what_to_do"] = one.hint;
  return document;
}

void print_markdown(const std::vector<Explained>& all) {
  fmt::print(
      "# Codes\n\nMade by `coffees explain --markdown`. `coffees explain CODE` shows one.\n\n"
      "## What became of a request\n\n"
      "Answers of the server carry the code in `X-Coffees-Error` and in their problem document; `coffees "
      "invoke` ends with the exit code.\n\n"
      "| code | status | exit code | what | what to do |\n| --- | --- | --- | --- | --- |\n");
  for (const Explained& one : all)
    if (one.kind == "outcome")
      fmt::print("| `{}` | {} | {} | {} | {} |\n", one.code,
                 one.status == 0 ? "the handler's own" : std::to_string(one.status), one.exit_code, one.what,
                 one.hint);
  fmt::print(
      "\n## Why the server refused a request\n\nThose from `unauthorized` on are of the admin port "
      "only.\n\n| code | status | what | what to do |\n"
      "| --- | --- | --- | --- |\n");
  for (const Explained& one : all)
    if (one.kind == "refusal")
      fmt::print("| `{}` | {} | {} | {} |\n", one.code, one.status, one.what, one.hint);
  fmt::print("\n## Errors of commands\n\n| code | what | why | what to do |\n| --- | --- | --- | --- |\n");
  for (const Explained& one : all)
    if (one.kind == "error") fmt::print("| `{}` | {} | {} | {} |\n", one.code, one.what, one.why, one.hint);
}

int unknown(const std::string& code, const std::vector<Explained>& all) {
  std::vector<std::string> known;
  known.reserve(all.size());
  for (const Explained& one : all) known.push_back(one.code);
  const std::string meant = did_you_mean(code, known);
  fmt::print(
      stderr, "{}\n",
      config::Problem{"E114", "", fmt::format("there is no code '{}'", code),
                      meant.empty() ? "coffees explain lists all" : fmt::format("did you mean '{}'?", meant)}
          .text());
  return kUsage;
}

}  // namespace

int explain(const ExplainOptions& options) {
  const std::vector<Explained> all = all_codes();
  if (options.markdown) {
    print_markdown(all);
    return kOk;
  }
  if (options.code.empty()) {
    nlohmann::ordered_json documents = nlohmann::ordered_json::array();
    for (const Explained& one : all)
      if (options.json)
        documents.push_back(document_of(one));
      else
        fmt::print("{:<24} {}\n", one.code, one.what);
    if (options.json) fmt::print("{}\n", nlohmann::ordered_json{{"codes", documents}}.dump());
    return kOk;
  }
  const std::string code = code_in(options.code);
  const auto found =
      std::find_if(all.begin(), all.end(), [&code](const Explained& one) { return one.code == code; });
  if (found == all.end()) return unknown(code, all);
  if (options.json)
    fmt::print("{}\n", document_of(*found).dump());
  else
    print_one(*found);
  return kOk;
}

}  // namespace coffees::cli
