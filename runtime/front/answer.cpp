#include "front/answer.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "front/same.h"
#include "header_block.h"
#include "refusal_code.h"

namespace coffees::front {
namespace {

// The connection belongs to the runtime (RFC 9110 section 7.6.1), and so do the names that tell about it.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 10> names{
      "connection", "content-length",    "date",    "keep-alive",  "te", "proxy-connection",
      "trailer",    "transfer-encoding", "upgrade", "x-request-id"};
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view other) { return same(name, other); }) ||
         (name.size() > 10 && same(name.substr(0, 10), "x-coffees-"));
}

// Empty for a status that has no name: a phrase may be missing (RFC 9112 section 4).
std::string_view reason(int status) {
  namespace http = boost::beast::http;
  const http::status known = http::int_to_status(static_cast<unsigned>(status));
  if (known == http::status::unknown) return "";  // not a null pointer: it is copied
  const auto text = http::obsolete_reason(known);
  return {text.data(), text.size()};
}

// IMF-fixdate (RFC 9110 section 5.6.7), made once a second.
std::string_view date() {
  static std::time_t made_at = 0;
  static std::array<char, 40> text{};
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    made_at = now;
  }
  return text.data();
}

// The head of the last answer that was written: its memory is used for the next one.
std::string& spare_head() {
  static std::string spare;
  return spare;
}

// RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5.
bool has_body(int status) { return status != 204 && status != 205 && status != 304; }
// Section 8.6. An answer that resets its form (205) has a length all the same, which is 0.
bool has_length(int status) { return status != 204 && status != 304; }

void begin(std::string& head, int status, std::optional<std::size_t> length, const AnswerFrame& frame) {
  head = std::move(spare_head());
  head.clear();
  head.reserve(512);
  auto out = std::back_inserter(head);
  fmt::format_to(out, FMT_COMPILE("HTTP/1.1 {} {}\r\nDate: {}\r\n"), status, reason(status), date());
  if (has_length(status) && length)
    fmt::format_to(out, FMT_COMPILE("Content-Length: {}\r\n"), has_body(status) ? *length : 0);
  if (frame.close)
    head += "Connection: close\r\n";
  else if (frame.http_1_0)
    head += "Connection: keep-alive\r\n";
  fmt::format_to(out, FMT_COMPILE("X-Request-Id: {}\r\n"), frame.request_id);
  head.append(frame.origin_lines);
}

// Milliseconds with three decimals, from integers: floating point would take a tenth of an answer's time.
void append_duration(std::string& head, std::string_view name, std::chrono::nanoseconds duration) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  fmt::format_to(std::back_inserter(head), FMT_COMPILE(", {};dur={}.{:03}"), name, microseconds / 1000,
                 microseconds % 1000);
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

// By this a client tells our problem documents from those that a handler answers with.
void append_error(std::string& head, std::string_view code) {
  head.append("X-Coffees-Error: ").append(code).append("\r\n");
}

void finish(Answer& answer, int status, const AnswerFrame& frame) {
  answer.head += "\r\n";
  if (frame.head_only || !has_body(status)) answer.body.clear();
  answer.close = frame.close;
}

// RFC 9457. Texts may come from handlers: what is no UTF-8 in them is replaced.
std::string problem_document(int status, const char* code, const std::string& detail, const std::string& hint,
                             std::string_view request_id, std::string_view function,
                             const std::string& type) {
  nlohmann::ordered_json document;
  document["type"] = std::string("urn:coffees:problem:") + code;
  document["title"] = std::string(reason(status));
  document["status"] = status;
  document["detail"] = detail;
  document["code"] = code;
  if (!type.empty()) document["error_type"] = type;
  document["request_id"] = request_id;
  if (!function.empty()) document["function"] = function;
  if (!hint.empty()) document["hint"] = hint;
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
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
// that it says, and without one nobody knows (RFC 9110 section 8.6).
std::optional<std::size_t> length_for_head(const Outcome& outcome) {
  if (!outcome.body.empty()) return outcome.body.size();
  std::optional<std::size_t> length;
  for_each_header(outcome.headers, [&length](std::string_view name, std::string_view value) {
    if (length || !same(name, "content-length")) return;
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc() && end == value.data() + value.size()) length = number;
  });
  return length;
}

}  // namespace

void written(Answer&& answer) {
  constexpr std::size_t largest_kept = 4096;
  if (answer.head.capacity() <= largest_kept) spare_head() = std::move(answer.head);
}

Answer answer_to(Outcome&& outcome, std::string_view function, const AnswerFrame& frame) {
  Answer answer;
  if (outcome.kind == Outcome::Kind::ok) {
    const std::optional<std::size_t> length =
        frame.head_only ? length_for_head(outcome) : std::optional(outcome.body.size());
    begin(answer.head, outcome.status, length, frame);
    add_handler_fields(answer.head, outcome.headers, frame);
    add_timing(answer.head, function, outcome);
    answer.body = std::move(outcome.body);
    finish(answer, outcome.status, frame);
    return answer;
  }
  const int status = status_of(outcome);
  answer.body = problem_document(status, code_of(outcome.kind), outcome.message, outcome.hint,
                                 frame.request_id, function, outcome.type);
  begin(answer.head, status, answer.body.size(), frame);
  answer.head += "Content-Type: application/problem+json\r\n";
  append_error(answer.head, code_of(outcome.kind));
  if (status == 429 || status == 503)
    fmt::format_to(std::back_inserter(answer.head), "Retry-After: {}\r\n",
                   std::max<std::int64_t>(outcome.retry_after.count(), 1));
  if (outcome.worker_number != 0) add_timing(answer.head, function, outcome);
  finish(answer, status, frame);
  return answer;
}

Answer refuse(const Refusal& refusal, const AnswerFrame& frame, std::string_view extra) {
  const char* code = name_of(refusal_code(refusal.status));
  std::string fields(extra);
  append_error(fields, code);
  return plain(refusal.status, "application/problem+json",
               problem_document(refusal.status, code, refusal.detail, refusal.hint, frame.request_id, {}, {}),
               frame, fields);
}

Answer plain(int status, std::string_view content_type, std::string body, const AnswerFrame& frame,
             std::string_view extra) {
  Answer answer;
  answer.body = std::move(body);
  begin(answer.head, status, answer.body.size(), frame);
  if (has_body(status)) answer.head.append("Content-Type: ").append(content_type).append("\r\n");
  answer.head.append(extra);
  finish(answer, status, frame);
  return answer;
}

}  // namespace coffees::front
