// The command line: exit codes, messages with a way out, JSON, and where servers and values are found.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/program_under_test.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

// Ends with this code and says what is wrong, under this number, with a hint.
void check_error(const CommandResult& result, int exit_code, const std::string& number) {
  INFO(result.out << result.err);
  CHECK(result.exit_code == exit_code);
  CHECK(result.err.starts_with("error[" + number + "]: "));
  CHECK(result.err.find("\n  hint: ") != std::string::npos);
}

const std::string kNobody = "http://127.0.0.1:1";  // tcpmux: nobody listens there

}  // namespace

TEST_CASE("each way to fail has its exit code, its number and a hint") {
  Server server(function("misbehave", fixture("misbehave"), "timeout = \"200ms\"") +
                function("latte", menu("latte"), "limit = 1") +
                function("init_throws", fixture("init_throws")));
  const auto invoke = [&](const std::string& name, const std::string& order = "{}") {
    return run_coffees({"invoke", "-q", name, "-d", order, "--server", server.url()});
  };
  SECTION("unknown function") {
    const CommandResult result = invoke("late");
    check_error(result, 2, "E201");
    CHECK(result.err.starts_with("error[E201]: there is no function named 'late'\n  hint: "));
    CHECK(result.err.find("latte") != std::string::npos);
  }
  SECTION("function error") {
    const CommandResult result =
        run_coffees({"invoke", "misbehave", "-d", R"({"do":"throw"})", "--server", server.url()});
    CHECK(result.exit_code == 3);
    CHECK(result.err.starts_with("error[E211]: "));
    CHECK(result.err.find("OutOfBeans: the last bean is gone") != std::string::npos);
    CHECK(result.out.empty());
  }
  SECTION("timeout") { check_error(invoke("misbehave", R"({"do":"spin"})"), 4, "E212"); }
  SECTION("crash") { check_error(invoke("misbehave", R"({"do":"abort"})"), 6, "E214"); }
  SECTION("bad init") { check_error(invoke("init_throws"), 6, "E205"); }
  SECTION("refused") {
    std::jthread customer([&] { post(server.port(), "/latte", R"({"ms":1500})"); });
    REQUIRE(eventually([&] { return server.workers().size() == 1; }));
    CommandResult result;
    eventually([&] { return (result = invoke("latte")).exit_code != 0; });
    customer.join();
    check_error(result, 5, "E213");
  }
}

TEST_CASE("no server, a bad URL, a taken port, a command that is none") {
  for (const char* command : {"list", "ps", "logs", "stats"}) {
    check_error(run_coffees({command, "--server", kNobody}), 7, "E106");
    check_error(run_coffees({command, "--server", "ftp://localhost"}), 2, "E105");
  }
  check_error(run_coffees({"invoke", "espresso", "--server", kNobody}), 7, "E106");
  check_error(run_coffees({"invoke", "espresso", "--server", "ftp://localhost"}), 2, "E105");
  check_error(run_coffees({"invoke", "espresso", "-d", "@/nonexistent"}), 2, "E104");
  check_error(run_coffees({"invoke", "espresso", "-d", "@/tmp"}), 2, "E104");
  for (const std::string& url :
       {std::string(100'000, 'a'), std::string("127.0.0.1:99999"), std::string("a:b")})
    check_error(run_coffees({"list", "--server", url}), 2, "E105");
  Server server(function("espresso", menu("espresso")));
  check_error(run_coffees({"serve", menu("espresso"), "--port", std::to_string(server.port())}), 11, "E101");
  check_error(
      run_coffees({"serve", menu("espresso"), "--port", "0", "--admin-port", std::to_string(server.port())}),
      11, "E101");
  CHECK(run_coffees({"sevre"}).err.find("did you mean: coffees serve") != std::string::npos);
  check_error(run_coffees({"sevre"}), 2, "E107");
  check_error(run_coffees({}), 2, "E109");
  check_error(run_coffees({"ps", "--wtach"}), 2, "E109");
  check_error(run_coffees({"--wtach"}), 2, "E109");
  CHECK(run_coffees({"--wtach"}).err.find("--wtach") != std::string::npos);
  check_error(run_coffees({"serve", menu("espresso"), "--record", ""}), 2, "E109");
  check_error(run_coffees({"logs", "--since", "5", "--server", server.url()}), 2, "E110");
  check_error(run_coffees({"warm", "expresso", "--server", server.url()}), 2, "E201");
  CHECK(run_coffees({"warm", "expresso", "--server", server.url()}).err.find("did you mean 'espresso'?") !=
        std::string::npos);
}

TEST_CASE("a newcomer who asks for help gets it") {
  for (const std::vector<std::string>& asked :
       {std::vector<std::string>{"help"}, {"--help"}, {"-h"}, {"help", "serve"}, {"serve", "--help"}}) {
    const CommandResult result = run_coffees(asked);
    CHECK(result.exit_code == 0);
    CHECK(result.out.find("--help") != std::string::npos);
  }
}

TEST_CASE("what is wrong with a configuration is said with its place and a hint") {
  const TemporaryDirectory directory;
  const auto serve = [&](const std::string& text) {
    std::ofstream(directory.path() + "/coffees.toml") << text;
    return run_coffees({"serve", "--port", "0", "--config", directory.path() + "/coffees.toml"});
  };
  const CommandResult unknown = serve("[server]\nprot = 1\n");
  check_error(unknown, 2, "E303");
  CHECK(unknown.err.find("coffees.toml:2:1: unknown key 'prot'") != std::string::npos);
  CHECK(unknown.err.find("did you mean 'port'?") != std::string::npos);
  const CommandResult unit = serve("[defaults]\ntimeout = 3\n");
  check_error(unit, 2, "E302");
  CHECK(unit.err.find("write timeout = \"3s\"") != std::string::npos);
  check_error(run_coffees({"serve", "--config", "/nonexistent.toml"}), 2, "E300");
  check_error(run_coffees({"serve", "--config", "/tmp"}), 2, "E300");
  const TemporaryDirectory other;
  std::filesystem::copy(menu("espresso"), other.path() + "/espresso.so");
  check_error(run_coffees({"serve", menu("espresso"), other.path() + "/espresso.so"}), 2, "E304");
  std::ofstream(other.path() + "/empty.toml").close();
  CHECK(run_coffees({"config", "show", "--config", other.path() + "/empty.toml"}).exit_code == 0);
  check_error(run_coffees({"check", fixture("no_symbol")}), 8, "E204");
}

TEST_CASE("either port's URL names a server, with or without a slash at its end") {
  Server server(function("espresso", menu("espresso")));
  const std::string admin = "127.0.0.1:" + std::to_string(server.admin_port());
  for (const std::string& url :
       {server.url(), server.url() + "/", "http://" + admin, "http://" + admin + "/", admin})
    CHECK(run_coffees({"list", "--server", url}).out.find("espresso") != std::string::npos);
  CHECK(run_coffees({"list"}, "", {"COFFEES_SERVER=" + server.url()}).out.find("espresso") !=
        std::string::npos);
  CHECK(run_coffees({"invoke", "espresso", "-d", "x", "--server", server.url() + "/"}).out == "x");
}

TEST_CASE("the server that runs here is found by its file, the newest of several, and not when it is gone") {
  const TemporaryDirectory directory;
  const std::vector<std::string> here{"XDG_RUNTIME_DIR=" + directory.path(), "COFFEES_SERVER="};
  {
    Server older(function("older", menu("espresso")), {}, here);
    Server newer(function("newer", menu("espresso")), {}, here);
    CHECK(run_coffees({"list"}, "", here).out.find("newer") != std::string::npos);
    CHECK(run_coffees({"invoke", "newer", "-d", "x"}, "", here).out == "x");
    Server newest(function("newest", menu("espresso")), {}, here);
    older.signal(SIGTERM);
    CHECK(older.wait() == 0);
    CHECK(run_coffees({"list"}, "", here).out.find("newest") != std::string::npos);
    newest.signal(SIGTERM);
    CHECK(newest.wait() == 0);
    CHECK(run_coffees({"list"}, "", here).out.find("newer") != std::string::npos);
    newer.signal(SIGTERM);
    CHECK(newer.wait() == 0);
  }
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("flags win over --set, that over the environment, that over the file, that over what is built in") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/coffees.toml";
  std::ofstream(file) << "[server]\nport = 2701\ndrain = \"1s\"\nmax_body = \"1MiB\"\n"
                      << function("espresso", menu("espresso"));
  const CommandResult result =
      run_coffees({"config", "show", "--origin", "--json", "--config", file, "--isolation", "none", "--set",
                   "server.isolation=strict", "--set", "server.drain=3s"},
                  "", {"COFFEES_SERVER__DRAIN=2s", "COFFEES_SERVER__MAX_BODY=2MiB"});
  REQUIRE(result.exit_code == 0);
  const json values = json::parse(result.out)["values"];
  const auto of = [&](const std::string& key) {
    for (const json& one : values)
      if (one["key"] == key) return one["value"].get<std::string>() + " " + one["origin"].get<std::string>();
    return std::string();
  };
  CHECK(of("server.isolation") == "\"none\" --isolation");
  CHECK(of("server.drain") == "\"3s\" --set");
  CHECK(of("server.max_body") == "\"2MiB\" environment COFFEES_SERVER__MAX_BODY");
  CHECK(of("server.port") == "2701 " + file + ":2:8");
  CHECK(of("server.admin_port") == "2702 default");
  CHECK(of("functions.espresso.timeout") == "\"3s\" default");
}

TEST_CASE("what `config show` prints is a configuration") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/coffees.toml";
  std::ofstream(file) << run_coffees({"config", "show", menu("espresso"), "--set", "server.port=0"}).out;
  const CommandResult again = run_coffees({"config", "show", "--config", file});
  INFO(again.err);
  CHECK(again.exit_code == 0);
  CHECK(again.out == read_file(file));
  CHECK(json::accept(run_coffees({"config", "schema"}).out));
  CHECK(json::parse(run_coffees({"version", "--json"}).out).contains("version"));
}

TEST_CASE("what could not be printed is no success") {
  for (const char* command : {"version", "--help", "config schema"}) {
    INFO(command);
    const std::string line = program_under_test() + " " + command + " > /dev/full 2> /dev/null";
    const int status = std::system(line.c_str());
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 2);
  }
}

TEST_CASE("workers that stand there for min_warm do not say that they retire") {
  Server server(function("espresso", menu("espresso"), "min_warm = 2\nkeep_warm = \"1m\""));
  const auto workers = [&] { return get(server.admin_port(), "/api/v1/workers").json()["workers"]; };
  REQUIRE(eventually([&] { return workers().size() == 2 && workers()[1]["state"] == "idle"; }));
  for (const json& worker : workers()) CHECK_FALSE(worker.contains("retires_in_ms"));
  post(server.port(), "/espresso", "x");
  run_coffees({"warm", "espresso", "1", "--server", server.url()});
  REQUIRE(eventually([&] { return workers().size() == 3 && workers()[2]["state"] == "idle"; }));
  CHECK(workers()[2].contains("retires_in_ms"));
}

TEST_CASE("a function that died again and again is listed as that") {
  Server server(function("misbehave", fixture("misbehave")));
  for (int i = 0; i < 5; ++i) post(server.port(), "/misbehave", R"({"do":"abort"})");
  const std::string listed = run_coffees({"list", "--server", server.url()}).out;
  CHECK(listed.find("crash loop") != std::string::npos);
  CHECK(listed.find("BREAKER") != std::string::npos);
  CHECK(listed.find(" open ") != std::string::npos);
  CHECK(get(server.admin_port(), "/").body.find("crash loop") != std::string::npos);
}

TEST_CASE("`invoke --json` is one document with answer, outcome and timing") {
  Server server(function("espresso", menu("espresso")) + function("talker", fixture("talker")) +
                function("misbehave", fixture("misbehave"), "timeout = \"200ms\""));
  const auto invoke = [&](const std::string& name, const std::string& order) {
    CommandResult result = run_coffees({"invoke", "--json", name, "-d", order, "--server", server.url()});
    CHECK(result.err.empty());
    json document = json::parse(result.out);
    document["exit_code"] = result.exit_code;
    return document;
  };
  const json ok = invoke("espresso", "hello");
  CHECK(ok["exit_code"] == 0);
  CHECK(ok["status"] == 200);
  CHECK(ok["outcome"] == "ok");
  CHECK(ok["code"] == "ok");
  CHECK(ok["worker"] == "espresso#1");
  CHECK(ok["start"] == "cold");
  CHECK(ok["request_id"].get<std::string>().size() == 36);
  CHECK(ok["timing"]["boot_ms"] > 0);
  CHECK(ok["timing"]["total_ms"] >= ok["timing"]["exec_ms"]);
  CHECK(ok["body"] == "hello");
  CHECK(ok["body_encoding"] == "text");
  for (const auto& [bytes, encoded] :
       std::vector<std::pair<std::string, std::string>>{{"[255]", "/w=="},
                                                        {"[255,254]", "//4="},
                                                        {"[255,254,253]", "//79"},
                                                        {"[0,255,16,131]", "AP8Qgw=="}}) {
    const json binary = invoke("talker", "{\"bytes\":" + bytes + "}");
    CHECK(binary["body_encoding"] == "base64");
    CHECK(binary["body"] == encoded);
  }
  const json empty = invoke("talker", R"({"body":""})");
  CHECK(empty["body"].get<std::string>().empty());
  const json timeout = invoke("misbehave", R"({"do":"spin"})");
  CHECK(timeout["exit_code"] == 4);
  CHECK(timeout["outcome"] == "timeout");
  CHECK_FALSE(timeout["hint"].get<std::string>().empty());
  const json error = invoke("misbehave", R"({"do":"throw"})");
  CHECK(error["exit_code"] == 3);
  CHECK(error["outcome"] == "error");
  CHECK(error["code"] == "handler_error");
  CHECK(error["message"] == "the last bean is gone");
  const json unknown = invoke("mocha", "");
  CHECK(unknown["exit_code"] == 2);
  CHECK(unknown["outcome"] == "unknown_function");
  CHECK_FALSE(unknown.contains("worker"));
}

TEST_CASE("a handler's own problem document is its answer, not ours") {
  Server server(function("talker", fixture("talker")));
  const std::string forged = R"({"code":5,"detail":["x"],"hint":7})";
  const json order{{"body", forged}, {"type", "application/problem+json"}, {"status", 404}};
  const CommandResult result =
      run_coffees({"invoke", "talker", "-d", order.dump(), "--server", server.url()});
  CHECK(result.exit_code == 0);
  CHECK(result.out == forged);
}

TEST_CASE("`check --json` tells of every function, and of a configuration that is wrong") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/coffees.toml";
  std::ofstream(file) << function("espresso", menu("espresso")) << function("broken", fixture("init_throws"))
                      << function("missing", "/nonexistent.so");
  const CommandResult result = run_coffees({"check", "--json", "--config", file});
  CHECK(result.exit_code == 8);
  const json document = json::parse(result.out);
  CHECK(document["ok"] == false);
  REQUIRE(document["functions"].size() == 3);
  const json& broken = document["functions"][0];
  CHECK(broken["name"] == "broken");
  CHECK(broken["ok"] == false);
  CHECK(broken["problem"]["code"] == "E205");
  CHECK(broken["problem"]["message"].get<std::string>().find("no beans") != std::string::npos);
  const json& good = document["functions"][1];
  CHECK(good["ok"] == true);
  CHECK(good["start"] == "zygote");
  CHECK(good["init_ms"] >= 0);
  CHECK(document["functions"][2]["problem"]["code"].get<std::string>().starts_with("E20"));
  std::ofstream(file) << "[server]\nprot = 1\n";
  const CommandResult wrong = run_coffees({"check", "--json", "--config", file});
  CHECK(wrong.exit_code == 2);
  CHECK(json::parse(wrong.out)["problems"][0]["code"] == "E303");
  CHECK(run_coffees({"check", menu("espresso")}).out.find("espresso: ok") != std::string::npos);
}

TEST_CASE("`warm` and `cold` say what came of it") {
  Server server(function("espresso", menu("espresso"), "limit = 4") +
                function("init_throws", fixture("init_throws")) +
                function("fresh", fixture("init_throws"), "start = \"fresh\""));
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", server.url()});
    return run_coffees(arguments);
  };
  CHECK(run({"warm", "espresso", "3"}).out == "3 started, 3 idle now\n");
  const json warmed = json::parse(run({"warm", "espresso", "--json"}).out);
  CHECK(warmed["started"] == 1);
  CHECK(warmed["idle"] == 4);
  const CommandResult full = run({"warm", "espresso"});
  check_error(full, 5, "E111");
  CHECK(full.err.find("its `limit` is 4") != std::string::npos);
  CHECK(run({"cold", "espresso"}).out == "4 retired; the next call starts cold\n");
  CHECK(json::parse(run({"cold", "espresso", "--json"}).out)["retired"] == 0);
  for (const char* broken : {"init_throws", "fresh"}) {
    INFO(broken);
    const CommandResult result = run({"warm", broken, "2"});
    CHECK(result.exit_code != 0);
    CHECK(result.err.find("error[E111]: only 0 of 2") != std::string::npos);
    CHECK(result.err.find("\n  hint: ") != std::string::npos);
  }
}

TEST_CASE("`--since` leaves out what is older") {
  Server server(function("talker", fixture("talker")));
  post(server.port(), "/talker", R"({"lines":1})");
  const auto lines = [&](const std::string& since) {
    return json::parse(get(server.admin_port(), "/api/v1/logs?since=" + since).body)["logs"].size();
  };
  REQUIRE(eventually([&] { return lines("1h") == 2; }));
  CHECK(eventually([&] { return lines("50ms") == 0; }));
  CHECK(run_coffees({"logs", "--since", "1h", "--server", server.url()}).out.find("logged by") !=
        std::string::npos);
  CHECK(run_coffees({"stats", "--since", "0s", "--json", "--server", server.url()}).out.find("\"ok\"") ==
        std::string::npos);
}
