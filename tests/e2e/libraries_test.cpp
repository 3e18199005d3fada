// Libraries that a handler needs: what ldd(1) resolves is there in the sandbox, and what is missing is told.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/container.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const char* const kLevels[] = {"best", "none"};

std::string greeting(const std::string& name) {
  return std::string(COFFEES_FIXTURE_DIRECTORY) + "/greeting/" + name;
}

std::string says(const Server& server) {
  const Response response = post(server.port(), "/greeter");
  INFO(response.body);
  INFO(server.errors());
  REQUIRE(response.status == 200);
  return response.json()["says"];
}

// A place that begins with the handler library `library` in plugins/ and its own libraries in libraries/.
std::string lay_out(const TemporaryDirectory& place, const std::string& library) {
  fs::create_directories(place.path() + "/plugins");
  fs::create_directories(place.path() + "/libraries/deeper");
  fs::copy_file(greeting("libgreet.so"), place.path() + "/libraries/libgreet.so");
  fs::copy_file(greeting("deeper/libword.so"), place.path() + "/libraries/deeper/libword.so");
  const std::string path = place.path() + "/plugins/greeter.so";
  fs::copy_file(fixture(library), path);
  return path;
}

// For this thread and what it starts: a mount namespace in which /usr/local/lib holds the greeting's
// libraries and /etc/ld.so.cache knows them. Only root can.
void install_libraries_for_this_thread(const std::string& scratch) {
  const auto check = [](int result, const char* what) {
    if (result != 0) throw std::runtime_error(what);
  };
  check(::unshare(CLONE_FS | CLONE_NEWNS), "unshare");
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
  check(::mount("libraries", "/usr/local/lib", "tmpfs", 0, "mode=755"), "mount over /usr/local/lib");
  fs::copy_file(greeting("libgreet.so"), "/usr/local/lib/libgreet.so");
  fs::copy_file(greeting("deeper/libword.so"), "/usr/local/lib/libword.so");
  check(std::system(("/sbin/ldconfig -X -C " + scratch + "/cache 2>/dev/null").c_str()), "ldconfig");
  check(::mount((scratch + "/cache").c_str(), "/etc/ld.so.cache", nullptr, MS_BIND, nullptr),
        "show the new cache");
}

std::string problem_of(const std::string& library, const std::vector<std::string>& flags = {}) {
  std::vector<std::string> arguments{"check", library};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const CommandResult result = run_coffees(arguments);
  CHECK(result.exit_code == 8);
  return result.err;
}

}  // namespace

TEST_CASE("a library beside the handler is found through $ORIGIN, and what that one needs through its own") {
  for (const char* level : kLevels)
    for (const char* start : {"zygote", "fresh"}) {
      INFO(level << " " << start);
      Server server(function("greeter", fixture("greeter_origin"), std::string("start = \"") + start + "\""),
                    {"--isolation", level});
      CHECK(says(server) == "good morning");
    }
}

TEST_CASE("$ORIGIN is the folder of the configured file, also with .. behind it and in /tmp") {
  const TemporaryDirectory place;
  const std::string library = lay_out(place, "greeter_up");
  for (const char* level : kLevels)
    for (const char* start : {"zygote", "fresh"}) {
      INFO(level << " " << start);
      Server server(function("greeter", library, std::string("start = \"") + start + "\""),
                    {"--isolation", level});
      CHECK(says(server) == "good morning");
    }
}

TEST_CASE(
    "an absolute RUNPATH leads to the library in it, also into /tmp and in a worker that loads by itself") {
  const TemporaryDirectory place;
  const std::string link = place.path() + "/link.so";
  fs::create_symlink(fixture("greeter_absolute"), link);
  for (const char* level : kLevels)
    for (const char* start : {"zygote", "fresh"}) {
      INFO(level << " " << start);
      Server server(function("greeter", link, std::string("start = \"") + start + "\""),
                    {"--isolation", level});
      CHECK(says(server) == "good morning");
    }
}

TEST_CASE("in a plain container, at level basic, $ORIGIN and files are right, too") {
  const TemporaryDirectory place;
  const std::string library = lay_out(place, "greeter_up");
  const auto server =
      std::async(std::launch::async, [&] {
        refuse_like_docker();
        return std::make_unique<Server>(
            function("greeter", library) +
            function("inside", fixture("inside"), "files = [\"" + place.path() + "/libraries\"]"));
      }).get();
  CHECK(server->level() == "basic");
  CHECK(says(*server) == "good morning");
  CHECK(post(server->port(), "/inside", R"({"list":"libraries"})").json()["list"] ==
        json({"deeper", "libgreet.so"}));
}

TEST_CASE("a DT_RPATH of the older kind counts, too") {
  for (const char* level : kLevels) {
    Server server(function("greeter", fixture("greeter_old")), {"--isolation", level});
    CHECK(says(server) == "good morning");
  }
}

TEST_CASE("only the libraries that are needed are shown, not their folder") {
  const TemporaryDirectory place;
  lay_out(place, "greeter_up");
  std::ofstream(place.path() + "/plugins/private.txt") << "x";
  fs::copy_file(fixture("inside"), place.path() + "/plugins/inside.so");
  Server server(function("greeter", place.path() + "/plugins/greeter.so") +
                function("inside", place.path() + "/plugins/inside.so"));
  if (server.level() != "full") return;
  const json seen =
      post(server.port(), "/inside", json{{"list", "/fn" + place.path() + "/plugins"}}.dump()).json();
  CHECK(seen["list"] == json({"inside.so"}));
}

TEST_CASE("a handler keeps its libraries when the files on the host are replaced") {
  const TemporaryDirectory place;
  const std::string library = lay_out(place, "greeter_up");
  Server server(function("greeter", library, "reuse = false"));
  CHECK(says(server) == "good morning");
  fs::remove(place.path() + "/libraries/libgreet.so");
  CHECK(says(server) == "good morning");
}

TEST_CASE("libraries in /usr/local/lib are found by the cache that ldconfig has made") {
  if (::geteuid() != 0) {
    WARN("only root can put libraries there, as far as this test can see");
    return;
  }
  const TemporaryDirectory scratch;
  for (const char* level : kLevels) {
    INFO(level);
    const auto server = std::async(std::launch::async, [&] {
                          install_libraries_for_this_thread(scratch.path());
                          return std::make_unique<Server>(function("greeter", fixture("greeter_lost")),
                                                          std::vector<std::string>{"--isolation", level});
                        }).get();
    CHECK(says(*server) == "good morning");
  }
}

TEST_CASE("a missing library is named, with where it was looked for and what the sandbox shows") {
  const std::string lost = problem_of(fixture("greeter_lost"));
  INFO(lost);
  CHECK(lost.find("error[E202]: greeter_lost: " + fixture("greeter_lost") +
                  ": it needs libgreet.so, which was not found") != std::string::npos);
  CHECK(lost.find("/etc/ld.so.cache, /lib and /usr/lib") != std::string::npos);
  CHECK(lost.find("The sandbox shows the system's library folders") != std::string::npos);
  CHECK(lost.find("hint: install the package that has it") != std::string::npos);
  const std::string open = problem_of(fixture("greeter_lost"), {"--set", "server.isolation=none"});
  CHECK(open.find("sees the whole host") != std::string::npos);
}

TEST_CASE(
    "of a missing library of a library it is said which one needs it, and which folders its RUNPATH named") {
  const TemporaryDirectory place;
  const std::string library = lay_out(place, "greeter_up");
  fs::remove_all(place.path() + "/libraries/deeper");
  const std::string problem = problem_of(library);
  INFO(problem);
  CHECK(problem.find(place.path() + "/libraries/libgreet.so, which it uses, needs libword.so") !=
        std::string::npos);
  CHECK(problem.find("looked for in " + place.path() + "/libraries/deeper") != std::string::npos);
}

TEST_CASE("an undefined symbol is told as it stands in the source, without paths from inside") {
  for (const char* level : kLevels) {
    const std::string problem =
        problem_of(fixture("undefined"), {"--set", std::string("server.isolation=") + level});
    INFO(problem);
    CHECK(problem.find("undefined symbol: cafe::roast(std::vector<int, std::allocator<int> > const&)") !=
          std::string::npos);
    CHECK(problem.find("/fn/") == std::string::npos);
    CHECK(problem.find("/proc/") == std::string::npos);
  }
}

TEST_CASE("no hint of `coffees check` advises coffees check") {
  for (const char* library :
       {"greeter_lost", "undefined", "init_throws", "init_crashes", "no_entry", "no_symbol", "other_abi"}) {
    INFO(library);
    const std::string problem = problem_of(fixture(library));
    CHECK(problem.find("hint: ") != std::string::npos);
    CHECK(problem.find("coffees check") == std::string::npos);
  }
}
