#include "http/answer.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <iterator>

#include "http/problem.h"
#include "refusal_code.h"

namespace coffees::http {
namespace {

// RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5.
bool has_body(int status) { return status != 204 && status != 205 && status != 304; }
// Section 8.6. An answer that resets its form (205) has a length all the same, which is 0.
bool has_length(int status) { return status != 204 && status != 304; }

}  // namespace

void begin_head(std::string& head, int status, std::optional<std::size_t> length, const AnswerFrame& frame) {
  head = frame.scratch.take_head();
  head.reserve(512);
  auto out = std::back_inserter(head);
  fmt::format_to(out, FMT_COMPILE("HTTP/1.1 {} {}\r\nDate: {}\r\n"), status, reason(status),
                 frame.scratch.date());
  if (has_length(status) && length)
    fmt::format_to(out, FMT_COMPILE("Content-Length: {}\r\n"), has_body(status) ? *length : 0);
  if (frame.close)
    head += "Connection: close\r\n";
  else if (frame.http_1_0)
    head += "Connection: keep-alive\r\n";
  fmt::format_to(out, FMT_COMPILE("X-Request-Id: {}\r\n"), frame.request_id);
  head.append(frame.origin_lines);
}

void append_error(std::string& head, std::string_view code) {
  head.append("X-Coffees-Error: ").append(code).append("\r\n");
}

void finish(Answer& answer, int status, const AnswerFrame& frame) {
  answer.head += "\r\n";
  if (frame.head_only || !has_body(status)) {
    answer.body.clear();
    answer.content = {};
    answer.pieces.reset();
  }
  answer.close = frame.close;
}

Answer plain(int status, std::string_view content_type, std::string body, const AnswerFrame& frame,
             std::string_view extra) {
  Answer answer;
  answer.body = std::move(body);
  begin_head(answer.head, status, answer.body.size(), frame);
  if (has_body(status)) answer.head.append("Content-Type: ").append(content_type).append("\r\n");
  answer.head.append(extra);
  finish(answer, status, frame);
  return answer;
}

Answer streamed(std::string_view content_type, std::unique_ptr<Pieces> pieces, const AnswerFrame& frame,
                std::string_view extra) {
  AnswerFrame framed = frame;
  framed.close = frame.close || frame.http_1_0;
  Answer answer;
  answer.pieces = std::move(pieces);
  answer.chunked = !frame.http_1_0;
  begin_head(answer.head, 200, std::nullopt, framed);
  answer.head.append("Content-Type: ").append(content_type).append("\r\n").append(extra);
  if (answer.chunked) answer.head += "Transfer-Encoding: chunked\r\n";
  finish(answer, 200, framed);
  return answer;
}

Answer refuse(const Refusal& refusal, const AnswerFrame& frame, std::string_view extra) {
  const int status = refusal.status();
  const RefusalRow& row = refusal_rows()[static_cast<std::size_t>(*refusal.code)];
  const char* code = row.name;
  std::string fields(extra);
  append_error(fields, code);
  if (status == 503) fields += "Retry-After: 1\r\n";
  return plain(status, "application/problem+json",
               problem_document({.status = status,
                                 .code = code,
                                 .title = row.title,
                                 .detail = refusal.detail,
                                 .hint = refusal.hint.empty() ? row.hint : std::string_view(refusal.hint),
                                 .request_id = frame.request_id}),
               frame, fields);
}

}  // namespace coffees::http
