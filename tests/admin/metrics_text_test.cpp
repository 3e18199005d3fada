#include "admin/metrics_text.h"

#include <map>
#include <sstream>

#include "catch.h"

using namespace coffees;
using namespace coffees::admin;

namespace {

const std::vector<std::string> kFunctions{"espresso", "latte"};

MetricsSource empty_source() {
  MetricsSource source;
  source.state.functions.resize(kFunctions.size());
  source.metrics.resize(kFunctions.size() + 1);
  return source;
}

std::vector<std::string> lines_of(const MetricsSource& source) {
  std::istringstream text(metrics_text(source, kFunctions, "1.2.3"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// The value of one sample, -1 when it is not there.
double value(const std::vector<std::string>& lines, const std::string& sample) {
  for (const std::string& line : lines)
    if (line.starts_with(sample + " ")) return std::strtod(line.c_str() + sample.size() + 1, nullptr);
  return -1;
}

}  // namespace

TEST_CASE("each family is announced once, before its samples, and no sample comes twice") {
  std::map<std::string, int> families;
  std::map<std::string, int> samples;
  std::string current;
  for (const std::string& line : lines_of(empty_source())) {
    std::istringstream words(line);
    std::string first, second, name;
    words >> first >> second >> name;
    if (first == "#") {
      if (second == "TYPE") {
        CHECK(++families[name] == 1);
        current = name;
      }
      continue;
    }
    CHECK(++samples[line.substr(0, line.rfind(' '))] == 1);
    CHECK(line.starts_with(current));
  }
  CHECK(families.size() > 15);
}

TEST_CASE("the buckets of a histogram are sums, and the last one is the count") {
  MetricsSource source = empty_source();
  for (const std::int64_t nanoseconds : {50'000LL, 200'000LL, 3'000'000LL, 20'000'000'000LL})
    source.metrics[0].exec_warm.add(nanoseconds);
  const std::vector<std::string> lines = lines_of(source);
  const std::string name = "faas_invoke_duration_seconds";
  const std::string labels = R"({faas_name="espresso",faas_trigger="http",start="warm")";
  CHECK(value(lines, name + "_bucket" + labels + R"(,le="0.0001"})") == 1);
  CHECK(value(lines, name + "_bucket" + labels + R"(,le="0.00025"})") == 2);
  CHECK(value(lines, name + "_bucket" + labels + R"(,le="0.005"})") == 3);
  CHECK(value(lines, name + "_bucket" + labels + R"(,le="10"})") == 3);
  CHECK(value(lines, name + "_bucket" + labels + R"(,le="+Inf"})") == 4);
  CHECK(value(lines, name + "_count" + labels + "}") == 4);
  CHECK(value(lines, name + "_sum" + labels + "}") == Approx(20.00325));
}

TEST_CASE("counters follow the outcomes: a timeout is no error, a refusal neither") {
  MetricsSource source = empty_source();
  const auto count = [&](Outcome::Kind kind, std::uint64_t times) {
    source.metrics[0].outcomes[static_cast<std::size_t>(kind)] = times;
  };
  count(Outcome::Kind::ok, 10);
  count(Outcome::Kind::handler_error, 3);
  count(Outcome::Kind::crashed, 2);
  count(Outcome::Kind::out_of_memory, 1);
  count(Outcome::Kind::timeout, 4);
  count(Outcome::Kind::throttled, 5);
  source.metrics.back().outcomes[static_cast<std::size_t>(Outcome::Kind::unknown_function)] = 7;
  const std::vector<std::string> lines = lines_of(source);
  const std::string labels = R"({faas_name="espresso",faas_trigger="http")";
  CHECK(value(lines, "faas_invocations_total" + labels + "}") == 10);
  CHECK(value(lines, "faas_errors_total" + labels + "}") == 6);
  CHECK(value(lines, "faas_timeouts_total" + labels + "}") == 4);
  CHECK(value(lines, "coffees_invocations_total" + labels + R"(,outcome="throttled",code="throttled"})") ==
        5);
  CHECK(value(lines, "coffees_invocations_total" + labels + R"(,outcome="crashed",code="out_of_memory"})") ==
        1);
  CHECK(value(lines, R"(coffees_invocations_total{faas_name="_unknown",faas_trigger="http",)"
                     R"(outcome="unknown_function",code="unknown_function"})") == 7);
  // What has not happened yet is there as well, so that a rate has something to begin with.
  CHECK(value(lines,
              R"(coffees_invocations_total{faas_name="latte",faas_trigger="http",outcome="ok",code="ok"})") ==
        0);
}

TEST_CASE("refused requests are counted by code, and every code is there from the start") {
  MetricsSource source = empty_source();
  source.refusals[static_cast<std::size_t>(RefusalCode::foreign_host)] = 7;
  const std::vector<std::string> lines = lines_of(source);
  CHECK(value(lines, R"(coffees_requests_refused_total{code="foreign_host"})") == 7);
  CHECK(value(lines, R"(coffees_requests_refused_total{code="bad_request"})") == 0);
}

TEST_CASE("workers and streams are shown as they are now") {
  MetricsSource source = empty_source();
  source.state.functions[1].snapshot.busy = 3;
  source.state.functions[1].draining = 1;
  source.state.functions[1].waiting = 2;
  source.state.functions[1].stopping = 1;
  source.event_streams = 4;
  const std::vector<std::string> lines = lines_of(source);
  const std::string labels = R"({faas_name="latte",faas_trigger="http")";
  CHECK(value(lines, "coffees_workers" + labels + R"(,state="busy"})") == 2);
  CHECK(value(lines, "coffees_workers" + labels + R"(,state="draining"})") == 1);
  CHECK(value(lines, "coffees_workers" + labels + R"(,state="stopping"})") == 1);
  CHECK(value(lines, "coffees_inflight" + labels + "}") == 3);
  CHECK(value(lines, "coffees_queue_depth" + labels + "}") == 2);
  CHECK(value(lines, "coffees_event_streams") == 4);
}
