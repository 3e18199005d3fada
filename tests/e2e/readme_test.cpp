// README.md shows a burst, its workers and a timeout as a person sees them: this is that they still look so.
#include <algorithm>
#include <fstream>
#include <future>
#include <regex>
#include <sstream>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;

namespace {

std::string readme() {
  std::ifstream file(COFFEES_SOURCE_DIRECTORY "/README.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What stands in README.md between "$ ...command" and the next empty line or the end of the block.
std::string shown_after(const std::string& command, std::size_t which = 0) {
  const std::string text = readme();
  std::size_t at = 0;
  for (std::size_t i = 0; i <= which; ++i) at = text.find(command + "\n", i == 0 ? 0 : at + 1);
  REQUIRE(at != std::string::npos);
  const std::size_t begin = at + command.size() + 1;
  return text.substr(begin, std::min(text.find("\n\n", begin), text.find("\n```", begin)) - begin + 1);
}

// Numbers, ids and the width of columns differ from run to run; names, words and units do not.
std::string plain(std::string text) {
  text = std::regex_replace(text, std::regex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID");
  text = std::regex_replace(text, std::regex("#[0-9]+"), "WORKER");
  text = std::regex_replace(text, std::regex("[0-9]+(\\.[0-9]+)?(ms|s|m[0-9]+s)\\b"), "TIME");
  text = std::regex_replace(text, std::regex("[0-9]+(\\.[0-9]+)?"), "N");
  return std::regex_replace(text, std::regex(" +"), " ");
}

}  // namespace

TEST_CASE("the README's burst and its timeout look as they are shown there") {
  Server server(function("latte", menu("latte")) + function("ridiculous", menu("ridiculous")));
  const auto coffees = [&server](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", server.url()});
    return run_coffees(arguments);
  };
  auto burst = std::async(std::launch::async,
                          [&] { return post_in_parallel(server.port(), "/latte", R"({"ms":2500})", 3); });
  std::string seen;
  REQUIRE(eventually([&] {
    seen = coffees({"ps"}).out;
    return std::count(seen.begin(), seen.end(), '\n') == 4 && seen.find("starting") == std::string::npos;
  }));
  CHECK(plain(seen) == plain(shown_after("sleep 0.5; coffees ps")));
  CHECK(count_status(burst.get(), 200) == 3);

  const CommandResult timeout = coffees({"invoke", "ridiculous"});
  CHECK(timeout.exit_code == 4);
  CHECK(plain(timeout.err) == plain(shown_after("$ coffees invoke ridiculous")));
  REQUIRE(eventually([&] {
    seen = coffees({"ps"}).out;
    return seen.find("ridiculous") == std::string::npos;
  }));
  CHECK(plain(seen) == plain(shown_after("$ coffees ps")));
}
