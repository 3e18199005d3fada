// README.md shows a burst, its workers and a timeout as a person sees them: this is that they still look so.
#include <algorithm>
#include <fstream>
#include <future>
#include <regex>
#include <set>
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

TEST_CASE("the list of codes is what the program says, and the README names every status") {
  std::ifstream file(COFFEES_SOURCE_DIRECTORY "/docs/codes.md");
  std::ostringstream written;
  written << file.rdbuf();
  CHECK(written.str() == run_coffees({"explain", "--markdown"}).out);
  const nlohmann::json all = nlohmann::json::parse(run_coffees({"explain", "--json"}).out);
  std::string table = readme();
  table = table.substr(table.find("## What a request can become"));
  table = table.substr(0, table.find("\n\n", table.find("| --- |")));
  const std::set<std::string> admin_only{"unauthorized", "length_required", "unsupported_media_type"};
  for (const auto& code : all["codes"]) {
    if (!code.contains("status") || admin_only.contains(code["code"])) continue;
    INFO(code);
    CHECK(table.find(std::to_string(code["status"].get<int>())) != std::string::npos);
  }
}

TEST_CASE("explain knows a code however it is written, and says which one was meant otherwise") {
  CHECK(run_coffees({"explain", "E302"}).out.starts_with("E302: A value cannot be used."));
  CHECK(run_coffees({"explain", "e302"}).out == run_coffees({"explain", "error[E302]:"}).out);
  CHECK(run_coffees({"explain", "crash_loop"}).out.find("exit code:   5") != std::string::npos);
  const CommandResult unknown = run_coffees({"explain", "crash_lop"});
  CHECK(unknown.exit_code == 2);
  CHECK(unknown.err.find("error[E114]") != std::string::npos);
  CHECK(unknown.err.find("did you mean 'crash_loop'?") != std::string::npos);
}
