#include "http/answer.h"

#include <nlohmann/json.hpp>

#include "catch.h"

using namespace coffees;
using namespace coffees::http;

namespace {

const SystemClock kClock;
Scratch scratch(kClock);

bool has(const Answer& answer, const std::string& line) {
  return answer.head.find("\r\n" + line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("the connection's end is announced, and a kept one in HTTP/1.0 as well") {
  const AnswerFrame last{.scratch = scratch, .request_id = "i", .close = true};
  CHECK(has(plain(200, "text/plain", "x", last), "Connection: close"));
  const AnswerFrame kept{.scratch = scratch, .request_id = "i", .http_1_0 = true};
  CHECK(has(plain(200, "text/plain", "x", kept), "Connection: keep-alive"));
}

TEST_CASE("a refusal is a problem document with the code of its status and what to do") {
  const AnswerFrame frame{.scratch = scratch, .request_id = "the-id"};
  const Answer answer =
      refuse({RefusalCode::body_too_large, "the body is longer than the limit", "send less"}, frame);
  CHECK(answer.head.starts_with("HTTP/1.1 413 Payload Too Large\r\n"));
  CHECK(has(answer, "X-Coffees-Error: body_too_large"));
  const auto problem = nlohmann::json::parse(answer.body);
  CHECK(problem["type"] == "urn:coffees:problem:body_too_large");
  CHECK(problem["status"] == 413);
  CHECK(problem["request_id"] == "the-id");
  CHECK(problem["hint"] == "send less");
}
