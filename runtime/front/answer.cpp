#include "front/answer.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "base/header_block.h"
#include "base/numbers.h"
#include "base/units.h"
#include "http/problem.h"
#include "http/same.h"
#include "outcome_table.h"

namespace coffees::front {
namespace {

using http::Answer;
using http::AnswerFrame;
using http::same;

// The connection belongs to the runtime (RFC 9110 section 7.6.1), and so do the names that tell about it.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 10> names{
      "connection", "content-length",    "date",    "keep-alive",  "te", "proxy-connection",
      "trailer",    "transfer-encoding", "upgrade", "x-request-id"};
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view other) { return same(name, other); }) ||
         (name.size() > 10 && same(name.substr(0, 10), "x-coffees-"));
}

void append_duration(std::string& head, std::string_view name, std::chrono::nanoseconds duration) {
  const Milliseconds time = split_milliseconds(duration);
  fmt::format_to(std::back_inserter(head), FMT_COMPILE(", {};dur={}.{:03}"), name, time.whole,
                 time.thousandths);
}

void add_timing(std::string& head, std::string_view function, const Outcome& outcome) {
  const Timing& timing = outcome.timing;
  const std::string_view start = outcome.cold ? "cold" : "warm";
  fmt::format_to(std::back_inserter(head),
                 FMT_COMPILE("X-Coffees-Worker: {}#{}\r\nX-Coffees-Start: {}\r\nServer-Timing: {}"), function,
                 outcome.worker_number, start, start);
  append_duration(head, "queue", timing.queue);
  if (outcome.cold) {
    append_duration(head, "boot", timing.boot);
    append_duration(head, "init", timing.init);
  }
  append_duration(head, "exec", timing.exec);
  append_duration(head, "total", timing.queue + timing.boot + timing.init + timing.exec);
  head += "\r\n";
}

bool says_who_may_read(std::string_view name) {
  return same(name, "access-control-allow-origin") || same(name, "access-control-allow-credentials");
}

void add_handler_fields(std::string& head, std::string_view headers, const AnswerFrame& frame) {
  const bool decided = !frame.origin_lines.empty();
  for_each_header(headers, [&](std::string_view name, std::string_view value) {
    if (is_ours(name) || (decided && says_who_may_read(name))) return;
    head.append(name).append(": ").append(value).append("\r\n");
  });
}

// What a GET would have been answered with. A handler need not make a body for HEAD: then it is the length
// that it says, and without one it is unknown (RFC 9110 section 8.6).
std::optional<std::size_t> length_for_head(const Outcome& outcome) {
  if (!outcome.body.empty()) return outcome.body.size();
  std::optional<std::size_t> length;
  for_each_header(outcome.headers, [&length](std::string_view name, std::string_view value) {
    if (!length && same(name, "content-length")) length = parse_whole<std::size_t>(value);
  });
  return length;
}

}  // namespace

Answer answer_to(Outcome&& outcome, std::string_view function, const AnswerFrame& frame) {
  Answer answer;
  if (outcome.kind == Outcome::Kind::ok) {
    const std::optional<std::size_t> length =
        frame.head_only ? length_for_head(outcome) : std::optional(outcome.body.size());
    begin_head(answer.head, outcome.status, length, frame);
    add_handler_fields(answer.head, outcome.headers, frame);
    add_timing(answer.head, function, outcome);
    answer.content = std::move(outcome.body);
    answer.memory = std::move(outcome.memory);
    answer.paid = true;
    finish(answer, outcome.status, frame);
    return answer;
  }
  const int status = status_of(outcome);
  const OutcomeRow& row = outcome_rows()[static_cast<std::size_t>(outcome.kind)];
  answer.body =
      http::problem_document({.status = status,
                              .code = row.code,
                              .title = row.title,
                              .detail = outcome.message,
                              .hint = outcome.hint.empty() ? row.hint : std::string_view(outcome.hint),
                              .request_id = frame.request_id,
                              .function = function,
                              .error_type = outcome.type});
  answer.memory = std::move(outcome.memory);
  answer.paid = true;
  begin_head(answer.head, status, answer.body.size(), frame);
  answer.head += "Content-Type: application/problem+json\r\n";
  http::append_error(answer.head, code_of(outcome.kind));
  if (status == 429 || status == 503)
    fmt::format_to(std::back_inserter(answer.head), "Retry-After: {}\r\n",
                   std::max<std::int64_t>(outcome.retry_after.count(), 1));
  if (outcome.worker_number != 0) add_timing(answer.head, function, outcome);
  finish(answer, status, frame);
  return answer;
}

}  // namespace coffees::front
