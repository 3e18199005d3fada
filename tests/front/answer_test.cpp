#include "front/answer.h"

#include <nlohmann/json.hpp>

#include "base/header_block.h"
#include "catch.h"

using namespace coffees;
using namespace coffees::front;
using http::Answer;

namespace {

const SystemClock kClock;
http::Scratch scratch(kClock);
const http::AnswerFrame kFrame{.scratch = scratch, .request_id = "the-id"};

Outcome ok_with(const std::string& name, const std::string& value) {
  Outcome outcome;
  outcome.body = "hello";
  outcome.worker_number = 1;
  append_header(outcome.headers, name, value);
  return outcome;
}

bool has(const Answer& answer, const std::string& line) {
  return answer.head.find("\r\n" + line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a handler's answer keeps its fields and says who served") {
  Outcome outcome = ok_with("Content-Type", "text/plain");
  outcome.cold = true;
  outcome.timing = {.queue = std::chrono::microseconds(5),
                    .boot = std::chrono::microseconds(700),
                    .exec = std::chrono::milliseconds(2)};
  const Answer answer = answer_to(std::move(outcome), "espresso", kFrame);
  CHECK(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(answer, "Content-Length: 5"));
  CHECK(has(answer, "Content-Type: text/plain"));
  CHECK(has(answer, "X-Request-Id: the-id"));
  CHECK(has(answer, "X-Coffees-Worker: espresso#1"));
  CHECK(has(answer, "X-Coffees-Start: cold"));
  CHECK(has(answer,
            "Server-Timing: cold, queue;dur=0.005, boot;dur=0.700, init;dur=0.000, exec;dur=2.000, "
            "total;dur=2.705"));
  CHECK(answer.content == "hello");
}

TEST_CASE("a handler cannot speak for the connection") {
  for (const char* name :
       {"Content-Length", "connection", "Transfer-Encoding", "X-Coffees-Worker", "X-Request-Id"}) {
    const Answer answer = answer_to(ok_with(name, "17"), "espresso", kFrame);
    CHECK_FALSE(has(answer, std::string(name) + ": 17"));
    CHECK(answer.head.starts_with("HTTP/1.1 200"));
  }
}

TEST_CASE("every other outcome is a problem document with code, request id and hint") {
  Outcome outcome = Outcome::failure(Outcome::Kind::timeout, "too slow", "be faster");
  outcome.worker_number = 2;
  const Answer answer = answer_to(std::move(outcome), "latte", kFrame);
  CHECK(answer.head.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"));
  CHECK(has(answer, "Content-Type: application/problem+json"));
  const auto problem = nlohmann::json::parse(answer.body);
  CHECK(problem["status"] == 504);
  CHECK(problem["code"] == "timeout");
  CHECK(problem["request_id"] == "the-id");
  CHECK(problem["function"] == "latte");
  CHECK(problem["hint"] == "be faster");
  CHECK(problem["detail"] == "too slow");
}

TEST_CASE("refusals say when to come again") {
  Outcome outcome = Outcome::failure(Outcome::Kind::throttled, "full");
  outcome.retry_after = std::chrono::seconds(3);
  const Answer later = answer_to(std::move(outcome), "latte", kFrame);
  CHECK(has(later, "Retry-After: 3"));
  const Answer soon = answer_to(Outcome::failure(Outcome::Kind::draining, "stopping"), "latte", kFrame);
  CHECK(has(soon, "Retry-After: 1"));
}

TEST_CASE("texts of handlers that are no UTF-8 do not break a problem document") {
  const Answer answer = answer_to(Outcome::failure(Outcome::Kind::handler_error, "caf\xe9"), "latte", kFrame);
  CHECK(nlohmann::json::parse(answer.body)["code"] == "handler_error");
}

TEST_CASE("HEAD gets the length but no body, 204 neither") {
  http::AnswerFrame frame = kFrame;
  frame.head_only = true;
  const Answer head = answer_to(ok_with("A", "b"), "espresso", frame);
  CHECK(has(head, "Content-Length: 5"));
  CHECK(head.body.empty());
  Outcome nothing = ok_with("A", "b");
  nothing.status = 204;
  const Answer empty = answer_to(std::move(nothing), "espresso", kFrame);
  CHECK(empty.head.find("Content-Length") == std::string::npos);
  CHECK(empty.body.empty());
}

TEST_CASE("HEAD keeps the length that a handler says, where it has made no body") {
  http::AnswerFrame frame = kFrame;
  frame.head_only = true;
  Outcome said = ok_with("content-length", "12345");
  said.body = {};
  const Answer as_said = answer_to(std::move(said), "espresso", frame);
  CHECK(has(as_said, "Content-Length: 12345"));
  Outcome made = ok_with("Content-Length", "12345");
  const Answer as_made = answer_to(std::move(made), "espresso", frame);
  CHECK(has(as_made, "Content-Length: 5"));
  Outcome neither = ok_with("A", "b");
  neither.body = {};
  const Answer without = answer_to(std::move(neither), "espresso", frame);
  CHECK(without.head.find("Content-Length") == std::string::npos);
}

TEST_CASE("statuses without content have none, and those without a name an empty phrase") {
  for (const auto& [status, length] : {std::pair(204, false), std::pair(205, true), std::pair(304, false)}) {
    Outcome outcome = ok_with("A", "b");
    outcome.status = status;
    const Answer answer = answer_to(std::move(outcome), "espresso", kFrame);
    CHECK(answer.content.empty());
    CHECK(has(answer, "Content-Length: 0") == length);
  }
  Outcome odd = ok_with("A", "b");
  odd.status = 555;
  const Answer nameless = answer_to(std::move(odd), "espresso", kFrame);
  CHECK(nameless.head.starts_with("HTTP/1.1 555 \r\n"));
}

TEST_CASE("where the configuration speaks of origins a handler's word on who may read does not count") {
  http::AnswerFrame frame = kFrame;
  CHECK(has(answer_to(ok_with("Access-Control-Allow-Origin", "*"), "espresso", frame),
            "Access-Control-Allow-Origin: *"));
  frame.origin_lines = "Vary: Origin\r\n";
  const Answer answer = answer_to(ok_with("access-control-allow-origin", "*"), "espresso", frame);
  CHECK(answer.head.find("access-control-allow-origin") == std::string::npos);
  CHECK(has(answer, "Vary: Origin"));
}
