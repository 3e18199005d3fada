#include "worker/plugin_file.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>

#include "catch.h"

using coffees::open_plugin;

namespace {

const std::string kMenu = COFFEES_MENU_DIRECTORY;
const std::string kFixtures = COFFEES_FIXTURE_DIRECTORY;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file with that content, gone at the end of the test.
struct TemporaryFile {
  explicit TemporaryFile(const std::string& content) : path(kFixtures + "/temporary.so") {
    std::ofstream(path, std::ios::binary) << content;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string path;
};

}  // namespace

TEST_CASE("a handler library is accepted without running it") {
  const auto plugin = open_plugin(kMenu + "/espresso.so");
  INFO(plugin.fault.message);
  CHECK(plugin.fault.code.empty());
  CHECK(plugin.file);
}

TEST_CASE("each kind of wrong file gets its own error") {
  CHECK(open_plugin("/nonexistent.so").fault.code == "E208");
  CHECK(open_plugin("/").fault.code == "E202");
  CHECK(open_plugin("/dev/zero").fault.code == "E202");
  CHECK(open_plugin(TemporaryFile("#!/bin/sh\n").path).fault.code == "E202");
  CHECK(open_plugin(TemporaryFile("").path).fault.code == "E202");
  CHECK(open_plugin(kFixtures + "/no_symbol.so").fault.code == "E204");
  const auto other = open_plugin(kFixtures + "/other_abi.so");
  CHECK(other.fault.code == "E203");
  CHECK(other.fault.message.find("ABI 99") != std::string::npos);
}

TEST_CASE("damaged libraries are refused or accepted, never read outside of their bytes") {
  const std::string whole = read_file(kMenu + "/espresso.so");
  REQUIRE(whole.size() > 4096);
  std::mt19937 random(2633);
  for (int i = 0; i < 1000; ++i) {
    std::string damaged = whole.substr(0, i % 2 == 0 ? whole.size() : random() % whole.size());
    for (int flips = 0; flips < 8 && !damaged.empty(); ++flips)
      damaged[random() % std::min<std::size_t>(damaged.size(), 1024)] = static_cast<char>(random());
    const TemporaryFile file(damaged);
    REQUIRE_NOTHROW(open_plugin(file.path));
  }
}
