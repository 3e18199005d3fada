// What a function is shown on request: files, time zones, programs, shared memory, secrets.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// A folder with a model, a word list and a writable box.
class Place {
 public:
  Place() {
    fs::permissions(path(), fs::perms(0755));
    fs::create_directories(path() + "/lib/words");
    std::ofstream(path() + "/model.bin") << "weights";
    std::ofstream(path() + "/lib/words/en") << "coffee";
    fs::create_directory(path() + "/box");
    fs::permissions(path() + "/box", fs::perms(0777));
  }
  [[nodiscard]] const std::string& path() const { return directory_.path(); }
  [[nodiscard]] std::string inside(const std::string& name) const { return path() + "/" + name; }

 private:
  TemporaryDirectory directory_;
};

json ask(const Server& server, const json& question) {
  const Response response = post(server.port(), "/inside", question.dump());
  INFO(response.body);
  INFO(server.errors());
  REQUIRE(response.status == 200);
  return response.json();
}

std::string inside(const std::string& keys) { return function("inside", fixture("inside"), keys); }

// Starts a server that must not come up; what it says.
CommandResult refused(const std::string& configuration, const std::vector<std::string>& flags = {}) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/coffees.toml";
  std::ofstream(file) << configuration;
  std::vector<std::string> arguments{"serve", "--port", "0", "--config", file};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return run_coffees(arguments);
}

}  // namespace

TEST_CASE("files stand under /app, which is the current directory of init and handler") {
  const Place place;
  Server server(inside("files = [\"" + place.inside("model.bin") + "\", \"" + place.inside("lib") + "\"]\n" +
                       "env = { INIT_READS = \"model.bin\" }"));
  const json seen = ask(server, {{"directory", true}, {"list", "."}, {"read", "lib/words/en"}});
  CHECK(seen["list"] == json({"lib", "model.bin"}));
  CHECK(seen["read"] == "coffee");
  CHECK(seen["at_init"] == "\"weights\"");
  if (server.level() == "full") CHECK(seen["directory"] == "/app");
}

TEST_CASE("relative files count from coffees.toml and keep their relative place") {
  const Place place;
  const std::string file = place.inside("coffees.toml");
  std::ofstream(file) << inside("files = [\"lib/words/en\", \"./model.bin\"]");
  Server server("", {"--config", file});
  CHECK(ask(server, {{"read", "lib/words/en"}})["read"] == "coffee");
  CHECK(ask(server, {{"list", "."}})["list"] == json({"lib", "model.bin"}));
}

TEST_CASE("level full: files are read-only unless they are writable, and `to` is where they stand") {
  const Place place;
  Server server(inside("files = [\"" + place.inside("model.bin") + "\", { from = \"" + place.inside("lib") +
                       "\", to = \"/data/words\" }, { from = \"" + place.inside("box") +
                       "\", write = true }]"));
  if (server.level() != "full") return;
  CHECK(ask(server, {{"path", "/app/model.bin"}, {"write", "x"}})["write"] == "Read-only file system");
  CHECK(ask(server, {{"path", "/data/words/new"}, {"write", "x"}})["write"] == "Read-only file system");
  CHECK(ask(server, {{"read", "/data/words/words/en"}})["read"] == "coffee");
  CHECK(ask(server, {{"path", "box/note"}, {"write", "from inside"}})["write"] == "ok");
  CHECK(read_file(place.inside("box/note")) == "from inside");
  CHECK(read_file(place.inside("model.bin")) == "weights");
}

TEST_CASE("level full: a file below a folder that only root may enter is shown all the same") {
  if (::geteuid() != 0) return;
  const Place place;
  fs::permissions(place.path(), fs::perms(0700));
  Server server(inside("files = [\"" + place.inside("model.bin") + "\"]"));
  CHECK(ask(server, {{"read", "model.bin"}})["read"] == "weights");
}

TEST_CASE("below full files are links in a private folder that is gone afterwards, and the report says so") {
  const Place place;
  std::string directory;
  {
    Server server(inside("files = [\"" + place.inside("model.bin") + "\"]"), {"--isolation", "none"});
    const json seen = ask(server, {{"directory", true}, {"read", "model.bin"}});
    CHECK(seen["read"] == "weights");
    directory = seen["directory"];
    CHECK(directory.starts_with("/tmp/coffees-links-"));
    CHECK(eventually(
        [&] { return server.errors().find("files: read-only not enforced") != std::string::npos; }));
    server.signal(SIGTERM);
    CHECK(server.wait() == 0);
  }
  CHECK(eventually([&] { return !fs::exists(directory); }));
  const CommandResult result =
      refused(inside("files = [{ from = \"" + place.inside("lib") + "\", to = \"/data\" }]"),
              {"--isolation", "none"});
  CHECK(result.exit_code == 2);
  CHECK(result.err.find("error[E310]") != std::string::npos);
}

TEST_CASE("what files cannot name is an error at start, with its place") {
  const Place place;
  const auto says = [](const std::string& files, const std::string& what) {
    const CommandResult result = refused(inside("files = " + files));
    INFO(files << "\n" << result.err);
    CHECK(result.exit_code == 2);
    CHECK(result.err.find(what) != std::string::npos);
    CHECK(result.err.find("coffees.toml:3:9") != std::string::npos);
    CHECK(result.err.find("hint: ") != std::string::npos);
  };
  says("[\"/nothing/there\"]", "/nothing/there: No such file or directory");
  for (const char* to :
       {"/", "/app", "/tmp", "/tmp/x", "/fn", "/usr", "/etc/x", "/lib64", "/proc/1", "/data/../dev"})
    says("[{ from = \"" + place.inside("lib") + "\", to = \"" + to + "\" }]", "cannot stand at");
  says("[\".\"]", "cannot stand at");
  says("[\"" + place.inside("lib") + "\", { from = \"/usr/share\", to = \"lib/x\" }]",
       "stand in each other's place");
  says("[\"/dev/null\"]", "neither a file nor a folder");
  says("[{ from = \"/usr/share/zoneinfo\", write = true }]",
       "do not let the function's user read and write it");
  says("[{ form = \"x\" }]", "files = [");
}

TEST_CASE("a time zone is one by its name") {
  constexpr int summer = 1'751'371'200;  // 2025-07-01 12:00 UTC
  for (const auto& [zone, time] :
       {std::pair{"Europe/Berlin", "14:00 CEST"}, std::pair{"Asia/Tokyo", "21:00 JST"}}) {
    Server server(inside(std::string("env = { TZ = \"") + zone + "\" }"));
    CHECK(ask(server, {{"time", summer}})["time"] == time);
  }
}

TEST_CASE("level full: programs are there when they are asked for, and only then") {
  const Server without(inside(""));
  if (without.level() != "full") return;
  CHECK(ask(without, {{"list", "/usr/bin"}})["list"] == "No such file or directory");
  Server server(inside("programs = true"));
  CHECK(ask(server,
            {{"run", "echo from | tr a-z A-Z; id -u; touch /usr/bin/x 2>/dev/null || echo no"}})["run"] ==
        "FROM\n1000\nno\n");
  CHECK(ask(server, {{"run", "awk 'BEGIN { print 6 * 7 }'"}})["run"] == "42\n");  // by /etc/alternatives
}

TEST_CASE("level full: shared memory is there when it is asked for, of that size, for each worker") {
  const Server without(inside(""));
  if (without.level() != "full") return;
  CHECK(ask(without, {{"shm", 1}})["shm"] != "ok");
  Server server(inside("shm = \"64KiB\"\nreuse = false"));
  CHECK(ask(server, {{"shm", 60'000}})["shm"] == "ok");
  CHECK(ask(server, {{"shm", 60'000}})["shm"] == "ok");  // not "File exists": another worker
  CHECK(ask(server, {{"shm", 70'000}})["shm"] != "ok");
}

TEST_CASE("secrets are in the handler's environment and are shown nowhere") {
  const Place place;
  std::ofstream(place.inside("password")) << "from-a-file\n";
  const std::string configuration = inside("secrets = { PASSWORD = { file = \"" + place.inside("password") +
                                           "\" }, KEY = { env = \"THE_KEY\" } }");
  for (const char* level : {"best", "none"}) {
    Server server(configuration, {"--isolation", level}, {"THE_KEY=from-outside"});
    CHECK(ask(server, {{"env", "PASSWORD"}})["env"] == "from-a-file");
    CHECK(ask(server, {{"env", "KEY"}})["env"] == "from-outside");
    CHECK(ask(server, {{"env", "THE_KEY"}})["env"] == nullptr);
    std::string shown = server.errors();
    for (const char* path : {"/api/v1/config", "/api/v1/functions", "/api/v1/isolation", "/", "/metrics"})
      shown += get(server.admin_port(), path).body;
    for (const pid_t pid : server.descendants()) {
      shown += read_file("/proc/" + std::to_string(pid) + "/environ");
      shown += read_file("/proc/" + std::to_string(pid) + "/cmdline");
    }
    CHECK(shown.find("from-a-file") == std::string::npos);
    CHECK(shown.find("from-outside") == std::string::npos);
  }
  const std::string file = place.inside("coffees.toml");
  std::ofstream(file) << configuration;
  const CommandResult show = run_coffees({"config", "show", "--config", file}, {}, {"THE_KEY=from-outside"});
  CHECK(show.exit_code == 0);
  CHECK((show.out + show.err).find("from-") == std::string::npos);
}

TEST_CASE("a secret that is not there is an error at start, and a wrong one is not repeated") {
  const CommandResult variable = refused(inside("secrets = { KEY = { env = \"NO_SUCH_VARIABLE\" } }"));
  CHECK(variable.exit_code == 2);
  CHECK(variable.err.find("has no variable NO_SUCH_VARIABLE") != std::string::npos);
  const CommandResult file = refused(inside("secrets = { KEY = { file = \"/no/such/file\" } }"));
  CHECK(file.err.find("error[E312]: ") != std::string::npos);
  const CommandResult plain = refused(inside("secrets = { KEY = \"hunter2\" }"));
  CHECK(plain.exit_code == 2);
  CHECK(plain.err.find("hunter2") == std::string::npos);
  const CommandResult twice =
      refused(inside("env = { KEY = \"a\" }\nsecrets = { KEY = { env = \"PATH\" } }"));
  CHECK(twice.err.find("KEY is in env and in secrets") != std::string::npos);
}

TEST_CASE("what was opened stands beside the level in banner, list and isolation document") {
  const Place place;
  Server server(inside("network = \"host\"\nprograms = true\nfiles = [\"" + place.inside("model.bin") +
                       "\", { from = \"" + place.inside("box") + "\", write = true }]"),
                {}, {"COFFEES_SERVER__ADMIN_TOKEN=token"});
  const std::string expected = server.level() + ", network host, files 2 (1 writable), programs";
  REQUIRE(eventually([&] { return server.errors().find("Ctrl-C stops") != std::string::npos; }));
  CHECK(server.errors().find("isolation " + expected) != std::string::npos);
  const json document =
      get(server.admin_port(), "/api/v1/isolation", "Authorization: Bearer token\r\n").json();
  CHECK(document["level"] == server.level());
  CHECK(document["functions"] == json::array({{{"name", "inside"}, {"isolation", expected}}}));
  const CommandResult list =
      run_coffees({"list", "--server", server.url()}, {}, {"COFFEES_ADMIN_TOKEN=token"});
  CHECK(list.out.find(expected) != std::string::npos);
}
