// The committed corpora of the fuzz targets, one input after the other: what a fuzzer found once stays
// mended.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch.h"
#include "fuzz/targets.h"

using namespace coffees;

namespace {

void replay(const std::string& target, void (*run)(std::string_view)) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(COFFEES_CORPUS_DIRECTORY "/") + target))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE_FALSE(files.empty());
  for (const std::filesystem::path& path : files) {
    INFO(path.string());
    std::ifstream file(path, std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(file), {});
    CHECK_NOTHROW(run(input));
  }
}

}  // namespace

TEST_CASE("nothing that a worker sent to the fuzzed dispatcher breaks a promise") {
  replay("wire", fuzz::wire);
}
TEST_CASE("no coffees.toml that was fuzzed breaks a promise") { replay("config", fuzz::config); }
TEST_CASE("nothing that a fuzzed client sent breaks a promise") { replay("front", fuzz::front); }
