// What a handler can see and do from inside: the golden answers of level full.
#include <csignal>
#include <future>
#include <memory>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/container.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

TEST_CASE("a function without an environment has an empty one, not none") {
  Server server(function("probe", fixture("probe")));
  CHECK(post(server.port(), "/probe", "{}").status == 200);
}

TEST_CASE("level full: a handler sees its libraries, its own environment, an empty /tmp, and nothing else") {
  Server server(function("probe", fixture("probe"), "reuse = false\nenv = { GREETING = \"hello\" }"));
  if (server.level() != "full") {
    WARN("this host does not allow level full: " << server.errors());
    return;
  }
  for (int i = 0; i < 2; ++i) {
    const Response response = post(server.port(), "/probe",
                                   R"({"try_privileged":true,"port":)" + std::to_string(server.port()) + "}");
    REQUIRE(response.status == 200);
    const json seen = response.json();
    INFO(seen.dump(2));
    CHECK(seen["connect_dispatcher"] == "Connection refused");
    CHECK(seen["connect_outside"] == "Network is unreachable");
    CHECK_FALSE(seen.contains("visible"));
    CHECK(seen["environment"] == json({"GREETING=hello"}));
    CHECK(seen["descriptors"] == json({0, 1, 2, 3}));
    CHECK(seen["tmp_before"] == json::array());
    CHECK(seen["tmp_after"] == json({"left-behind"}));
    CHECK(seen["writable_root"] == false);
    CHECK(seen["writable_library"] == false);
    CHECK(seen["writable_own_library"] == false);
    CHECK(seen["thread"] == "ran");
    CHECK(seen["uid"] == 1000);
    CHECK(seen["pid"] == 1);
    CHECK(seen["may_mount"] == false);
    CHECK(seen["may_make_namespaces"] == false);
    CHECK(seen["may_set_host_name"] == false);
    CHECK(seen["host_name"] == "coffee");
    for (const auto& name : seen["root"])
      CHECK(json({"app", "dev", "etc", "fn", "lib", "lib32", "lib64", "libx32", "tmp", "usr"})
                .dump()
                .find(name.dump()) != std::string::npos);
  }
}

TEST_CASE("below full the level says so, and the environment and descriptors are clean all the same") {
  Server server(function("probe", fixture("probe"), "env = { GREETING = \"hello\" }"),
                {"--isolation", "none"});
  CHECK(server.level() == "none");
  const json seen = post(server.port(), "/probe").json();
  CHECK(seen["environment"] == json({"GREETING=hello"}));
  CHECK(seen["descriptors"] == json({0, 1, 2, 3}));
}

TEST_CASE("in a plain container, where clone3 is unknown and namespaces are refused, the level is basic") {
  const std::string configuration = function("espresso", menu("espresso")) +
                                    function("ridiculous", menu("ridiculous"), "timeout = \"100ms\"");
  const auto server = std::async(std::launch::async, [&] {
                        refuse_like_docker();
                        return std::make_unique<Server>(configuration);
                      }).get();
  CHECK(server->level() == "basic");
  REQUIRE(eventually([&] { return server->errors().find("Ctrl-C stops") != std::string::npos; }));
  CHECK(server->errors().find("clone: Operation not permitted") != std::string::npos);
  CHECK(post(server->port(), "/espresso", R"({"drink":"espresso"})").status == 200);
  CHECK(post(server->port(), "/ridiculous").status == 504);
  CHECK(eventually([&] { return server->workers().size() == 1; }));  // only espresso's is left
  server->signal(SIGTERM);
  CHECK(server->wait() == 0);
}

TEST_CASE("the start-up report names every feature with on or off and a reason") {
  Server server(function("espresso", menu("espresso")));
  REQUIRE(eventually([&] { return server.errors().find("Ctrl-C stops") != std::string::npos; }));
  const std::string report = server.errors();
  for (const char* feature :
       {"own users", "own processes", "private root", "private /tmp", "no network", "killed first",
        "memory limit", "closed descriptors", "empty environment", "seccomp", "Landlock"}) {
    INFO(feature);
    const std::size_t at = report.find("  " + std::string(feature));
    REQUIRE(at != std::string::npos);
    const std::string line = report.substr(at, report.find('\n', at) - at);
    CHECK((line.find(" on ") != std::string::npos || line.find(" off ") != std::string::npos));
  }
}
