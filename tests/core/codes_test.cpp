// The tables of codes against the sources that produce them.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "base/command_errors.h"
#include "catch.h"
#include "outcome_table.h"
#include "refusal_code.h"

using namespace coffees;

namespace {

// All "E302" in the sources, but for the table itself.
std::set<std::string> codes_in_sources() {
  namespace fs = std::filesystem;
  const std::regex code("E[0-9]{3}");
  std::set<std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(COFFEES_SOURCE_DIRECTORY "/runtime")) {
    const std::string extension = entry.path().extension();
    if ((extension != ".cpp" && extension != ".h") || entry.path().stem() == "command_errors") continue;
    std::ifstream file(entry.path());
    std::ostringstream text;
    text << file.rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator match(source.begin(), source.end(), code), end; match != end; ++match)
      all.insert(match->str());
  }
  return all;
}

bool is_sentence(const std::string& text) {
  return text.empty() || text.ends_with('.') || text.ends_with(')');
}

}  // namespace

TEST_CASE("every error code that the sources can produce is explained, and no other") {
  std::set<std::string> explained;
  for (const CommandError& one : command_errors()) {
    CHECK(explained.insert(one.code).second);
    INFO(one.code);
    CHECK(find_command_error(one.code) == &one);
    for (const char* text : {one.what, one.why, one.hint}) {
      CHECK(std::string(text).size() > 10);
      CHECK(is_sentence(text));
    }
  }
  CHECK(explained == codes_in_sources());
  CHECK(find_command_error("E999") == nullptr);
}

TEST_CASE("every kind of outcome and of refusal has its row, with a status and a sentence") {
  std::set<std::string> codes;
  for (const OutcomeRow& row : outcome_rows()) {
    INFO(row.code);
    CHECK(codes.insert(row.code).second);
    CHECK(std::string(code_of(row.kind)) == row.code);
    CHECK(std::string(outcome_of(row.kind)) == row.outcome);
    CHECK(is_sentence(row.title));
    CHECK(is_sentence(row.hint));
    if (row.kind == Outcome::Kind::ok) continue;
    CHECK(row.status >= 400);
    CHECK(row.exit_code != kOk);
    CHECK(std::string(row.hint).size() > 10);
  }
  for (const RefusalRow& row : refusal_rows()) {
    INFO(row.name);
    CHECK((row.status >= 400 && row.status < 600));
    CHECK(status_of(row.code) == row.status);
    CHECK(std::string(name_of(row.code)) == row.name);
    for (const char* text : {row.title, row.hint}) {
      CHECK(std::string(text).size() > 10);
      CHECK(is_sentence(text));
    }
  }
}
