#include "worker/plugin_libraries.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch.h"
#include "platform/file.h"
#include "platform/system_folders.h"
#include "worker/elf_file.h"
#include "worker/load_explanation.h"

using namespace coffees;
namespace fs = std::filesystem;

namespace {

std::string fixture(const std::string& name) { return std::string(COFFEES_FIXTURE_DIRECTORY) + "/" + name; }

PluginLibraries libraries_of(const std::string& path) {
  const platform::OpenedFile opened = platform::open_file(path);
  REQUIRE(opened.file);
  return find_libraries(path, opened.file.get());
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A directory that is gone with this.
struct Scratch {
  Scratch() {
    if (::mkdtemp(path.data()) == nullptr) std::abort();
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(path); }
  [[nodiscard]] std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name, std::ios::binary) << text;
    return path + "/" + name;
  }
  std::string path = "/tmp/coffees-test-XXXXXX";
};

}  // namespace

TEST_CASE(
    "the libraries that $ORIGIN leads to are found, one from the other, and the system's are not among "
    "them") {
  const PluginLibraries found = libraries_of(fixture("greeter_origin.so"));
  REQUIRE(found.needed.size() == 2);
  CHECK(found.needed[0].path == fixture("greeting/libgreet.so"));
  CHECK(found.needed[0].beside_plugin);
  CHECK(found.needed[1].path == fixture("greeting/deeper/libword.so"));
  CHECK(found.needed[1].beside_plugin);
}

TEST_CASE("what an absolute path leads to is not beside the plugin, nor what comes from there") {
  const PluginLibraries found = libraries_of(fixture("greeter_absolute.so"));
  REQUIRE(found.needed.size() == 2);
  for (const NeededLibrary& library : found.needed) CHECK_FALSE(library.beside_plugin);
}

TEST_CASE("a library that is nowhere is remembered with who wants it") {
  const PluginLibraries found = libraries_of(fixture("greeter_lost.so"));
  CHECK(found.needed.empty());
  bool remembered = false;
  for (const OtherLibrary& other : found.others)
    remembered = remembered || (other.name == "libgreet.so" && other.wanted_by == fixture("greeter_lost.so"));
  CHECK(remembered);
}

TEST_CASE("a library that is cut off or damaged anywhere in its tables is read without harm") {
  const Scratch scratch;
  const std::string whole = bytes_of(fixture("greeting/libgreet.so"));
  REQUIRE(whole.size() > 4096);
  for (std::size_t size = 0; size < 1024; size += 7)
    CHECK(libraries_of(scratch.put("cut.so", whole.substr(0, size))).needed.empty());
  const platform::OpenedFile opened = platform::open_file(fixture("greeting/libgreet.so"));
  const auto segments = read_segments(opened.file.get());
  REQUIRE(segments);
  std::size_t begin = 0;
  std::size_t size = 0;
  for (const Elf64_Phdr& segment : *segments)
    if (segment.p_type == PT_DYNAMIC) begin = segment.p_offset, size = segment.p_filesz;
  REQUIRE(size > 0);
  std::size_t read = 0;
  for (std::size_t at = begin; at < begin + size; ++at)
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = value;
      read += libraries_of(scratch.put("damaged.so", damaged)).others.size() < 1000 ? 1 : 0;
    }
  CHECK(read == size * 3);
}

TEST_CASE("library folders come from ld.so.conf and what it includes, without those that are known") {
  const Scratch scratch;
  fs::create_directory(scratch.path + "/conf.d");
  (void)scratch.put("conf.d/one.conf",
                    "# a comment\n/opt/one/lib\n/usr/lib/known\n\n/opt/two/lib # and this\n");
  const std::string file = scratch.put("ld.so.conf", "include conf.d/*.conf\n/opt/one/lib/\nrelative/lib\n");
  const std::vector<std::string> folders = platform::system_folders::configured_libraries(file);
  CHECK(folders == std::vector<std::string>{"/opt/one/lib", "/opt/two/lib"});
}

TEST_CASE("a path that names a missing library is told as such") {
  const LoadExplanation why = explain_load_failure("E202",
                                                   "the library cannot be loaded: build/libx.so: cannot open "
                                                   "shared object file: No such file or directory",
                                                   "/srv/h.so", {}, true);
  CHECK(why.message.find("it needs build/libx.so") != std::string::npos);
  CHECK(why.hint.find("-rpath") != std::string::npos);
}
