// Workers are copies of a zygote: what they must not have in common, and how an author finds out.
#include <map>
#include <set>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/program_under_test.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

// A sanitizer makes every start several times as long.
int worker_count() { return is_sanitized() ? 40 : 200; }

// Answers of `count` workers that are new each.
std::vector<json> answers_of_new_workers(const Server& server, const std::string& function, int count) {
  std::vector<json> answers;
  while (static_cast<int>(answers.size()) < count)
    for (const Response& response : post_in_parallel(server.port(), "/" + function, "{}", 20)) {
      REQUIRE(response.status == 200);
      REQUIRE(response.header("x-coffees-start") == "cold");
      answers.push_back(response.json());
    }
  return answers;
}

}  // namespace

TEST_CASE("random generators of libraries, and those seeded in worker init, differ in every worker") {
  for (const char* isolation : {"best", "none"}) {
    Server server(function("randoms", fixture("randoms"), "reuse = false"), {"--isolation", isolation});
    std::map<std::string, std::set<std::string>> drawn;
    const int count = worker_count();
    for (const json& answer : answers_of_new_workers(server, "randoms", count))
      for (const auto& [generator, number] : answer.items()) {
        INFO(isolation << " " << generator << " " << number);
        CHECK(number.get<std::string>().size() == 16);
        CHECK(drawn[generator].insert(number).second);
      }
    CHECK(drawn.size() == 8);
  }
}

TEST_CASE("fork handlers run once in each worker, and in a child that its handler forks") {
  Server server(function("randoms", fixture("randoms"), "reuse = false"));
  for (int i = 0; i < 3; ++i) {
    const json answer = post(server.port(), "/randoms", R"({"count_forks":true})").json();
    CHECK(answer["in_worker"] == 1);
    CHECK(answer["in_child"] == 2);
    CHECK(answer["worker_inits"] == 1);
  }
}

TEST_CASE(
    "a fork handler that crashes is told as what it is, and many threads may register handlers at once") {
  Server server(function("worker_init", fixture("worker_init"), "env = { FORK_HANDLER_ABORTS = \"1\" }") +
                function("registers", fixture("worker_init"), "timeout = \"10s\""));
  const Response aborted = post(server.port(), "/worker_init");
  INFO(aborted.body);
  CHECK(aborted.status == 502);
  CHECK(aborted.json()["detail"].get<std::string>().find("fork handler (pthread_atfork): died: aborted") !=
        std::string::npos);
  for (int i = 0; i < 5; ++i)
    CHECK(post(server.port(), "/registers", R"({"registering_threads":4})").status == 200);
}

TEST_CASE("worker init runs in each worker before its first request, and counts as init") {
  for (const char* start : {"zygote", "fresh"}) {
    Server server(function("worker_init", fixture("worker_init"),
                           "env = { INIT_MS = \"30\" }\nstart = \"" + std::string(start) + "\""));
    for (int i = 0; i < 2; ++i) {
      const Response cold = post(server.port(), "/worker_init");
      INFO(start << " " << cold.body);
      CHECK(cold.json()["own_pid"] == true);
      CHECK(cold.timing("init") >= 30);
      CHECK(cold.timing("boot") < cold.timing("total") - 30);
      const Response warm = post(server.port(), "/worker_init");
      CHECK(warm.header("x-coffees-start") == "warm");
      CHECK(warm.timing("total") < 30);
      run_coffees({"cold", "worker_init", "--server", server.url()});
      CHECK(eventually([&] { return server.workers().empty(); }));
    }
  }
}

TEST_CASE("what worker init prints belongs to the worker and to no request") {
  Server server(function("worker_init", fixture("worker_init")));
  const Response response = post(server.port(), "/worker_init");
  json line;
  CHECK(eventually([&] {
    const CommandResult logs = run_coffees({"logs", "--json", "--server", server.url()});
    line = json::parse(logs.out.substr(0, logs.out.find('\n')), nullptr, false);
    return line.is_object();
  }));
  CHECK(line["line"] == "worker init");
  CHECK(line["worker"] == "worker_init#1");
  CHECK_FALSE(line.contains("request_id"));
}

TEST_CASE("a worker init that throws, or takes too long, fails the start and says why") {
  for (const char* start : {"zygote", "fresh"}) {
    const std::string keys = "start = \"" + std::string(start) + "\"\ninit_timeout = \"200ms\"\n";
    Server server(function("worker_init", fixture("worker_init"), keys + "env = { INIT_THROWS = \"1\" }") +
                  function("slow", fixture("worker_init"), keys + "env = { INIT_MS = \"60000\" }"));
    const Response thrown = post(server.port(), "/worker_init");
    INFO(start << " " << thrown.body);
    CHECK(thrown.status == 502);
    CHECK(thrown.json()["code"] == "init_failed");
    CHECK(thrown.json()["detail"].get<std::string>().find(
              "worker init failed: std::runtime_error: the grinder is "
              "jammed") != std::string::npos);
    const Response slow = post(server.port(), "/slow");
    INFO(slow.body);
    CHECK(slow.status == 502);
    CHECK(slow.json()["detail"].get<std::string>().find("init_timeout") != std::string::npos);
    CHECK(eventually([&] { return server.workers().empty(); }));
  }
}

TEST_CASE("`check --state` warns of what all workers draw alike, and names the field") {
  const CommandResult found = run_coffees({"check", "--state", fixture("token")});
  INFO(found.out << found.err);
  CHECK(found.exit_code == 0);
  CHECK(found.err.find("warning: token: field /session/token of the answer is the same in every worker") !=
        std::string::npos);
  CHECK(found.err.find("header field Set-Cookie") != std::string::npos);
  CHECK(found.err.find("/user") == std::string::npos);
  CHECK(found.err.find("/request_id") == std::string::npos);
  CHECK(run_coffees({"check", "--state", "--strict", fixture("token")}).exit_code == 8);
  const CommandResult plain =
      run_coffees({"check", "--state", "--json", "-d", R"({"plain":true})", fixture("token")});
  const json document = json::parse(plain.out, nullptr, false);
  CHECK(document["functions"][0]["state"]["drawn_at_load"] == json{"the answer"});
}

TEST_CASE("`check --state` has nothing to say of handlers that draw nothing at load") {
  for (const std::string& library : {menu("espresso"), menu("pi"), menu("receipt"), fixture("randoms")}) {
    const CommandResult result = run_coffees({"check", "--state", "--strict", library});
    INFO(library << ": " << result.out << result.err);
    CHECK(result.exit_code == 0);
    CHECK(result.err.find("warning") == std::string::npos);
    CHECK(result.err.find("not checked") == std::string::npos);
  }
}

TEST_CASE("`check --state` says so where it cannot tell") {
  const CommandResult crashes =
      run_coffees({"check", "--state", "-d", R"({"do":"abort"})", fixture("misbehave")});
  CHECK(crashes.exit_code == 0);
  CHECK(crashes.err.find("state not checked: it does not answer this event") != std::string::npos);
  const CommandResult fresh =
      run_coffees({"check", "--state", "--set", "functions.token.start=fresh", fixture("token")});
  CHECK(fresh.err.find("each worker loads the library itself") != std::string::npos);
}
