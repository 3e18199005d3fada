// What is said about what happened: logs, events, metrics and recordings against what really happened.
#include <csignal>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "catch.h"
#include "e2e/support/client.h"
#include "e2e/support/server.h"

using namespace coffees::test;
using nlohmann::json;

namespace {

std::string admin_url(const Server& server) {
  return "http://127.0.0.1:" + std::to_string(server.admin_port());
}

// A command that prints JSON about this server.
json ask(const Server& server, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--json", "--server", admin_url(server)});
  const CommandResult result = run_coffees(arguments);
  INFO(result.err);
  CHECK(result.exit_code == 0);
  return json::parse(result.out, nullptr, false);
}

// The lines of one request; waits for them, since they are written beside the request's path.
std::vector<json> logs_of(const Server& server, const std::string& request, std::size_t expected) {
  std::vector<json> lines;
  eventually([&] {
    const json answer = get(server.admin_port(), "/api/v1/invocations/" + request + "/logs").json();
    lines = answer.value("logs", std::vector<json>{});
    return lines.size() >= expected;
  });
  return lines;
}

std::map<std::string, double> metrics(const Server& server) {
  std::map<std::string, double> samples;
  std::istringstream text(get(server.admin_port(), "/metrics").body);
  for (std::string line; std::getline(text, line);)
    if (!line.starts_with('#'))
      samples[line.substr(0, line.rfind(' '))] = std::strtod(line.c_str() + line.rfind(' '), nullptr);
  return samples;
}

// A number out of /proc/PID/status (proc(5)); `field` with its colon.
std::uint64_t status_of(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return std::strtoull(line.c_str() + field.size(), nullptr, 10);
  return 0;
}

std::uint64_t memory_of(pid_t pid) { return status_of(pid, "VmRSS:") * 1024; }

}  // namespace

TEST_CASE("the dispatcher's table of descriptors does not have to grow while it serves") {
  const Server server(function("espresso", menu("espresso")));
  CHECK(status_of(server.pid(), "FDSize:") >= 16'384);
}

TEST_CASE("the logs of fifty concurrent invocations are never mixed") {
  Server server(function("talker", fixture("talker"), "timeout = \"30s\""));
  const auto responses = post_in_parallel(server.port(), "/talker", R"({"lines":5,"pause_us":300})", 50);
  CHECK(count_status(responses, 200) == 50);
  for (const Response& response : responses) {
    const std::string id = response.header("x-request-id");
    const std::vector<json> lines = logs_of(server, id, 10);
    CHECK(lines.size() == 10);
    for (const json& line : lines) {
      CHECK(line["request_id"] == id);
      CHECK(line["worker"] == response.header("x-coffees-worker"));
      CHECK(line["line"].get<std::string>().find("by " + id + ", ") != std::string::npos);
    }
  }
}

TEST_CASE("`logs --request` tells one request's lines, in order") {
  Server server(function("talker", fixture("talker")));
  post(server.port(), "/talker", R"({"lines":3})");
  const std::string id = post(server.port(), "/talker", R"({"lines":3})").header("x-request-id");
  REQUIRE(logs_of(server, id, 6).size() == 6);
  const CommandResult result = run_coffees({"logs", "--request", id, "--json", "--server", server.url()});
  std::istringstream lines(result.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) CHECK(json::parse(line)["request_id"] == id);
  CHECK(count == 6);
  const CommandResult text = run_coffees({"logs", "--request", id.substr(0, 30), "--server", server.url()});
  CHECK(text.out.find("talker#1       | logged by " + id + ", 2") != std::string::npos);
  CHECK(run_coffees({"logs", "--request", "no-such-id", "--server", server.url()}).out.empty());
}

TEST_CASE("a line without an end does not run into the next request's lines") {
  Server server(function("talker", fixture("talker")));
  const std::string first =
      post(server.port(), "/talker", R"({"raw":"the secret of one"})").header("x-request-id");
  const std::string second = post(server.port(), "/talker", R"({"raw":"another\n"})").header("x-request-id");
  const std::vector<json> lines = logs_of(server, second, 1);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["line"] == "another");
  REQUIRE(logs_of(server, first, 1).size() == 1);
  CHECK(logs_of(server, first, 1)[0]["line"] == "the secret of one");
}

TEST_CASE("a handler that prints without end costs bounded memory and one marker") {
  Server server(function("talker", fixture("talker"), "timeout = \"1500ms\""));
  post(server.port(), "/talker");
  const std::uint64_t before = memory_of(server.pid());
  const Response response = post(server.port(), "/talker", R"({"mib":1024})");
  CHECK(response.status == 504);
  const std::vector<json> lines = logs_of(server, response.header("x-request-id"), 1);
  std::size_t kept = 0;
  int markers = 0;
  for (const json& line : lines) {
    if (line["source"] == "runtime")
      ++markers;
    else
      kept += line["line"].get<std::string>().size() + 1;
  }
  CHECK(markers == 1);
  CHECK(kept <= 1 << 20);
  CHECK(memory_of(server.pid()) < before + (48 << 20));
  const std::string labels = R"({faas_name="talker",faas_trigger="http"})";
  CHECK(metrics(server)["coffees_log_dropped_bytes_total" + labels] > 1 << 20);
}

TEST_CASE("nothing that a handler prints passes for ours, and no escape code reaches a terminal") {
  Server server(function("talker", fixture("talker")));
  const json order{{"raw", "x\r\n12:00:00.000  talker#9       * \x1b[2Jforged\x07\n"},
                   {"throw", "\x1b]0;title\x07\n  hint: rm -rf /"}};
  const Response response = post(server.port(), "/talker", order.dump());
  CHECK(response.status == 500);
  const std::vector<json> lines = logs_of(server, response.header("x-request-id"), 2);
  REQUIRE(lines.size() == 2);
  for (const json& line : lines) CHECK(line["source"] == "handler");
  REQUIRE(eventually([&] { return server.errors().find("hint: rm") != std::string::npos; }));
  const CommandResult logs = run_coffees({"logs", "--server", server.url()});
  const CommandResult invoke =
      run_coffees({"invoke", "talker", "-d", order.dump(), "--server", server.url()});
  CHECK(invoke.exit_code == 3);
  for (const std::string& text : {server.errors(), logs.out, invoke.err}) {
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\x07') == std::string::npos);
  }
  CHECK(logs.out.find("| 12:00:00.000  talker#9       * \\x1b[2Jforged\\x07") != std::string::npos);
  CHECK(invoke.err.find("\n  hint: rm") == std::string::npos);
}

TEST_CASE("`ps`, `list` and `stats` show a burst as it is") {
  Server server(function("latte", menu("latte"), "limit = 12\ntimeout = \"30s\""));
  std::vector<Response> responses;
  std::jthread burst([&] { responses = post_in_parallel(server.port(), "/latte", R"({"ms":3000})", 12); });
  json workers;
  const bool all_busy = eventually([&] {
    workers = ask(server, {"ps"})["workers"];
    int busy = 0;
    for (const json& worker : workers) busy += worker["state"] == "busy" ? 1 : 0;
    return busy == 12;
  });
  const std::vector<pid_t> real = server.workers();
  const json function = ask(server, {"list"})["functions"][0];
  burst.join();
  REQUIRE(all_busy);
  std::set<pid_t> told;
  std::map<std::string, std::string> serves;
  for (const json& worker : workers) {
    told.insert(worker["pid"].get<pid_t>());
    serves[worker["request_id"]] = worker["id"];
    CHECK(worker["peak_rss_bytes"] > 100'000);
  }
  if (server.level() == "full") CHECK(told == std::set<pid_t>(real.begin(), real.end()));
  CHECK(function["workers"]["busy"] == 12);
  CHECK(function["limit"] == 12);
  CHECK(count_status(responses, 200) == 12);
  for (const Response& response : responses)
    CHECK(serves[response.header("x-request-id")] == response.header("x-coffees-worker"));
  const json stats = ask(server, {"stats", "latte"})["stats"][0];
  CHECK(stats["outcomes"]["ok"] == 12);
  CHECK(stats["cold"]["count"] == 12);
  double longest = 0;
  for (const Response& response : responses) longest = std::max(longest, response.timing("total"));
  CHECK(stats["cold"]["max_ms"].get<double>() == Approx(longest).margin(0.01));
}

TEST_CASE("metrics count what the client counted") {
  Server server(function("espresso", menu("espresso")) +
                function("misbehave", fixture("misbehave"), "timeout = \"100ms\"") +
                function("latte", menu("latte"), "limit = 1"));
  std::map<std::string, int> counted;
  std::mutex mutex;
  const auto count = [&](const std::string& name, const Response& response) {
    const std::string code = response.header("x-coffees-error");
    const std::lock_guard lock(mutex);
    ++counted[name + " " + (code.empty() ? "ok" : code)];
  };
  const auto customer = [&](int begin) {
    Client client(server.port());
    for (int i = begin; i < begin + 250; ++i) {
      if (i % 25 == 3)
        count("misbehave", client.request("POST", "/misbehave", R"({"do":"throw"})"));
      else if (i % 50 == 4)
        count("misbehave", client.request("POST", "/misbehave", R"({"do":"spin"})"));
      else if (i % 50 == 5)
        count("misbehave", client.request("POST", "/misbehave", R"({"do":"abort"})"));
      else if (i % 25 == 6)
        count("_unknown", client.request("POST", "/mocha"));
      else if (i % 10 == 7)
        count("latte", client.request("POST", "/latte", R"({"ms":5})"));
      else
        count("espresso", client.request("POST", "/espresso", "{}"));
    }
  };
  std::vector<std::jthread> customers;
  customers.reserve(4);
  for (int i = 0; i < 4; ++i) customers.emplace_back(customer, i * 250);
  for (std::jthread& each : customers) each.join();
  std::map<std::string, double> samples = metrics(server);
  std::map<std::string, int> told;
  int all = 0;
  for (const auto& [sample, value] : samples) {
    if (!sample.starts_with("coffees_invocations_total{") || value == 0) continue;
    const auto label = [&sample = sample](const std::string& name) {
      const std::size_t begin = sample.find(name + "=\"") + name.size() + 2;
      return sample.substr(begin, sample.find('"', begin) - begin);
    };
    told[label("faas_name") + " " + label("code")] = static_cast<int>(value);
    all += static_cast<int>(value);
  }
  CHECK(all == 1000);
  CHECK(told == counted);
  CHECK(counted["misbehave handler_error"] >= 30);
  CHECK(counted["misbehave crashed"] >= 10);
  const std::string misbehave = R"({faas_name="misbehave",faas_trigger="http"})";
  CHECK(samples["faas_errors_total" + misbehave] ==
        counted["misbehave handler_error"] + counted["misbehave crashed"]);
  CHECK(samples["faas_timeouts_total" + misbehave] == counted["misbehave timeout"]);

  if (std::system("command -v promtool > /dev/null") != 0) {
    WARN("no promtool here (Debian: prometheus): the format of /metrics was not checked");
    return;
  }
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/metrics") << get(server.admin_port(), "/metrics").body;
  CHECK(std::system(("promtool check metrics < " + directory.path() + "/metrics").c_str()) == 0);
}

TEST_CASE("a stream that is resumed misses nothing that is still held") {
  Server server(function("espresso", menu("espresso")));
  std::uint64_t last = 0;
  {
    EventStream stream(server.admin_port());
    const auto hello = stream.next();
    REQUIRE(hello);
    CHECK(hello->event == "hello");
    last = hello->data["seq"].get<std::uint64_t>();
    for (int i = 0; i < 20; ++i) post(server.port(), "/espresso", "{}");
    for (int i = 0; i < 30; ++i) {
      const auto event = stream.next();
      REQUIRE(event);
      CHECK(std::stoull(event->id) == last + 1);
      CHECK(event->data["seq"] == last + 1);
      CHECK(event->data["type"] == event->event);
      ++last;
    }
  }
  std::string request;
  for (int i = 0; i < 50; ++i) request = post(server.port(), "/espresso", "{}").header("x-request-id");
  EventStream resumed(server.admin_port(), "", "Last-Event-ID: " + std::to_string(last) + "\r\n");
  REQUIRE(resumed.next());
  const auto rest = resumed.until([&](const ServerEvent& event) {
    return event.event == "invocation.finished" && event.data["request_id"] == request;
  });
  CHECK(rest.size() >= 100);
  for (const ServerEvent& event : rest) CHECK(std::stoull(event.id) == ++last);
}

TEST_CASE("a stream can be narrowed to types and to one function") {
  Server server(function("espresso", menu("espresso")) + function("latte", menu("latte")));
  EventStream stream(server.admin_port(), "?types=invocation&function=latte&since=0");
  REQUIRE(stream.next());
  post(server.port(), "/espresso", "{}");
  post(server.port(), "/latte", "{}");
  const auto events =
      stream.until([](const ServerEvent& event) { return event.event == "invocation.finished"; });
  REQUIRE(events.size() == 2);
  CHECK(events[0].event == "invocation.started");
  for (const ServerEvent& event : events) CHECK(event.data["function"] == "latte");
  CHECK(get(server.admin_port(), "/api/v1/events?function=latt").status == 404);
  const Response unknown = get(server.admin_port(), "/api/v1/events?types=invocation,worker.busi");
  CHECK(unknown.status == 400);
  CHECK(unknown.json()["detail"].get<std::string>().find("'worker.busi'") != std::string::npos);
}

TEST_CASE(
    "with --log-format json every line on standard error is JSON, also what the server says at its end") {
  Server server(function("talker", fixture("talker")), {"--log-format", "json"});
  post(server.port(), "/talker", R"({"raw":"\u001b[31m \"quoted\"\n"})");
  std::string errors;
  REQUIRE(eventually([&] { return server.errors().find("invocation.finished") != std::string::npos; }));
  server.signal(SIGTERM);
  REQUIRE(eventually([&] {
    errors = server.errors();
    return errors.find("stopping") != std::string::npos;
  }));
  std::istringstream lines(errors);
  std::set<std::string> types;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    REQUIRE(json::accept(line));
    types.insert(json::parse(line)["type"].get<std::string>());
  }
  CHECK(types.contains("log"));
  CHECK(types.contains("notice"));
}

TEST_CASE("a recording holds every event, in order, and what handlers say only when asked") {
  const TemporaryDirectory directory;
  for (const bool texts : {false, true}) {
    const std::string file = directory.path() + (texts ? "/with" : "/without");
    std::vector<std::string> flags{"--record", file};
    if (texts) flags.emplace_back("--record-texts");
    Server server(function("talker", fixture("talker")), flags);
    for (int i = 0; i < 20; ++i) post(server.port(), "/talker", R"({"raw":"a secret\n"})");
    server.signal(SIGTERM);
    CHECK(server.wait() == 0);
    std::istringstream lines(read_file(file));
    std::string line;
    REQUIRE(std::getline(lines, line));
    CHECK(json::parse(line)["type"] == "hello");
    std::uint64_t sequence = 0;
    int finished = 0;
    while (std::getline(lines, line)) {
      const json event = json::parse(line);
      CHECK(event["seq"] == ++sequence);
      finished += event["type"] == "invocation.finished" ? 1 : 0;
    }
    CHECK(finished == 20);
    CHECK((read_file(file).find("a secret") != std::string::npos) == texts);
  }
}

TEST_CASE("a recording that cannot be opened is an error before anything is served") {
  const CommandResult result = run_coffees({"serve", "--port", "0", "--record", "/nonexistent/events"});
  CHECK(result.exit_code == 2);
  CHECK(result.err.find("error[E108]: ") != std::string::npos);
  CHECK(result.err.find("  hint: ") != std::string::npos);
}

TEST_CASE("`logs -f` tells every line once, from what was to what comes") {
  Server server(function("talker", fixture("talker")));
  CommandResult followed;
  std::size_t calls = 0;
  const auto call = [&] {
    ++calls;
    post(server.port(), "/talker", R"({"lines":2})");
  };
  for (int i = 0; i < 20; ++i) call();
  std::jthread follower([&] { followed = run_coffees({"logs", "-f", "--json", "--server", server.url()}); });
  // It follows once its stream is counted.
  REQUIRE(eventually([&] {
    call();
    return metrics(server)["coffees_event_streams"] == 1;
  }));
  for (int i = 0; i < 20; ++i) call();
  json all;
  REQUIRE(eventually([&] {
    all = get(server.admin_port(), "/api/v1/logs?limit=10000").json()["logs"];
    return all.size() == 4 * calls;
  }));
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
  follower.join();
  CHECK(followed.exit_code == 0);
  CHECK(followed.err.find("the server has stopped") != std::string::npos);
  std::vector<std::uint64_t> told;
  std::istringstream lines(followed.out);
  for (std::string line; std::getline(lines, line);) told.push_back(json::parse(line)["seq"]);
  std::vector<std::uint64_t> expected;
  for (const json& line : all) expected.push_back(line["seq"]);
  CHECK(told == expected);
}

TEST_CASE("megabytes of empty lines from one function leave the past of another as it was") {
  Server server(function("misbehave", fixture("misbehave"), "timeout = \"30s\"") +
                function("espresso", menu("espresso")));
  for (int i = 0; i < 50; ++i) REQUIRE(post(server.port(), "/espresso", "x").status == 200);
  for (int i = 0; i < 3; ++i)
    CHECK(post(server.port(), "/misbehave", R"({"do":"newlines","bytes":1048576})").status == 200);
  const auto listed = get(server.admin_port(), "/api/v1/invocations?function=espresso&limit=1000").json();
  CHECK(listed["invocations"].size() == 50);
  const std::string first = listed["invocations"][0]["request_id"];
  CHECK(get(server.admin_port(), "/api/v1/invocations/" + first).json()["events"].size() >= 2);
  const auto stats = get(server.admin_port(), "/api/v1/stats").json()["stats"];
  REQUIRE(stats.size() == 2);
  CHECK(stats[0]["outcomes"]["ok"] == 50);
  CHECK(stats[1]["outcomes"]["ok"] == 3);
}
