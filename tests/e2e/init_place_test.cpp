// What COFFEES_INIT leaves behind: files in /tmp, open files, a current directory.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <future>
#include <memory>
#include <stdexcept>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

json ask(const Server& server, const json& question) {
  const Response response = post(server.port(), "/inside", question.dump());
  INFO(response.body);
  INFO(server.errors());
  REQUIRE(response.status == 200);
  return response.json();
}

std::string inside(const std::string& keys) { return function("inside", fixture("inside"), keys); }

const std::string kWrites = "env = { INIT_WRITES = \"from init\" }\nreuse = false\n";

// What each worker must see of it, and what it must not see of its siblings.
void check_own_copies(const Server& server) {
  if (server.level() != "full") return;
  for (int worker = 0; worker < 2; ++worker) {
    const json seen = ask(server, {{"list", "/tmp"}, {"read", "/tmp/link"}, {"mode", "/tmp/made/by-init"}});
    CHECK(seen["list"] == json({"link", "made"}));
    CHECK(seen["read"] == "from init");
    CHECK(seen["mode"] == 0640);
    CHECK(ask(server, {{"read", "/tmp/made/below/deep"}})["read"] == "from init");
    CHECK(ask(server, {{"path", "/tmp/made/by-init"}, {"write", "changed"}})["write"] == "ok");
    CHECK(ask(server, {{"remove", "/tmp/made/below/deep"}})["remove"] == "ok");
    CHECK(ask(server, {{"path", "/tmp/made/new"}, {"write", "x"}, {"list", "/tmp/made"}})["list"] ==
          json({"below", "by-init", "new"}));
  }
}

// For this thread and what it starts: no mount with these flags, which only the overlay has.
void refuse_overlays() {
  constexpr unsigned flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
  std::array<sock_filter, 6> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + 3 * sizeof(std::uint64_t)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, flags, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{filter.size(), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
    throw std::runtime_error("this system has no seccomp filters");
}

int oom_score_adjustment(pid_t pid) {
  return std::stoi(read_file("/proc/" + std::to_string(pid) + "/oom_score_adj"));
}

}  // namespace

TEST_CASE("workers see what init wrote into /tmp, each as a copy of its own") {
  Server server(inside(kWrites));
  check_own_copies(server);
}

TEST_CASE("start = fresh: each worker's init writes into the worker's own /tmp") {
  Server server(inside(kWrites + "start = \"fresh\""));
  check_own_copies(server);
}

TEST_CASE("where the kernel refuses overlays, workers get copied files, and the same holds") {
  const auto server = std::async(std::launch::async, [] {
                        refuse_overlays();
                        return std::make_unique<Server>(inside(kWrites));
                      }).get();
  check_own_copies(*server);
}

TEST_CASE("a folder that replaces one that init made is empty") {
  Server server(inside("env = { INIT_WRITES = \"from init\" }\nprograms = true"));
  if (server.level() != "full") return;
  CHECK(ask(server, {{"run", "rm -r /tmp/made && mkdir /tmp/made && ls /tmp/made | wc -l"}})["run"] == "0\n");
}

TEST_CASE("a current directory in /tmp is no place that workers share") {
  Server server(inside("env = { INIT_ENTERS = \"/tmp\" }\nreuse = false"));
  if (server.level() != "full") return;
  CHECK(ask(server, {{"path", "left-behind"}, {"write", "x"}, {"directory", true}})["directory"] == "/tmp");
  CHECK(ask(server, {{"list", "."}})["list"] == json::array());
}

TEST_CASE("/tmp of init has the size of a worker's") {
  Server server(inside("tmp = \"64KiB\"\nenv = { INIT_WRITES = \"" + std::string(50'000, 'x') + "\" }"));
  if (server.level() != "full") return;
  // Two files of that size do not fit into it; the function lives on with what did.
  CHECK(ask(server, {{"read", "/tmp/made/by-init"}})["read"].get<std::string>().size() == 50'000);
}

TEST_CASE("files that init leaves open are told, as workers do not have them") {
  const TemporaryDirectory place;
  std::ofstream(place.path() + "/open-me") << "x";
  for (const char* level : {"best", "none"}) {
    INFO(level);
    Server server(inside("env = { INIT_OPENS = \"open-me\" }\nfiles = [\"" + place.path() + "/open-me\"]"),
                  {"--isolation", level});
    ask(server, json::object());
    CHECK(eventually([&] { return server.errors().find("while it was loaded: 1 (") != std::string::npos; }));
    CHECK(server.errors().find("open-me") != std::string::npos);
  }
  Server quiet(inside(""));
  ask(quiet, json::object());
  CHECK(quiet.errors().find("do not inherit") == std::string::npos);
}

TEST_CASE("when memory runs out, the kernel chooses workers before the dispatcher, and the report says so") {
  for (const char* level : {"best", "none"}) {
    Server server(inside(""), {"--isolation", level});
    ask(server, json::object());
    const int own = oom_score_adjustment(server.pid());
    if (own == 1000) return;
    REQUIRE_FALSE(server.workers().empty());
    for (const pid_t worker : server.workers()) CHECK(oom_score_adjustment(worker) > own);
    CHECK(eventually([&] { return server.errors().find("killed first         on ") != std::string::npos; }));
  }
}

TEST_CASE("the init of a zygote that takes another one's place finds an empty /tmp") {
  Server server(inside(kWrites));
  ask(server, {{"list", "/tmp"}});
  for (const pid_t zygote : server.zygotes()) REQUIRE(::kill(zygote, SIGKILL) == 0);
  // Init fails where its symbolic link is there already.
  check_own_copies(server);
}
