#include "fuzz/answers.h"

#include <charconv>

#include "base/field_syntax.h"
#include "fuzz/targets.h"

namespace coffees::fuzz {
namespace {

constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  require(end != std::string_view::npos, "every line of an answer's head has an end");
  require(end > 0 && bytes[end - 1] == '\r', "an answer's lines end with CR LF");
  const std::string_view line = bytes.substr(0, end - 1);
  bytes.remove_prefix(end + 1);
  return line;
}

std::size_t number(std::string_view digits) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  require(error == std::errc() && end == digits.data() + digits.size(), "numbers in an answer are numbers");
  return value;
}

// The fields that decide where an answer ends, and how often each of them stands there.
struct Framing {
  int lengths = 0;
  std::size_t length = 0;
  int connections = 0;
  bool close = false;
  int dates = 0;
  int request_ids = 0;
};

void note_field(std::string_view line, Framing& framing) {
  const std::size_t colon = line.find(": ");
  require(colon != std::string_view::npos, "a field is NAME: VALUE");
  std::string name(line.substr(0, colon));
  const std::string_view value = line.substr(colon + 2);
  require(is_token(name) && is_field_value(value), "a field holds only what HTTP allows");
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  require(name != "transfer-encoding" && name != "upgrade", "no other framing than a length is announced");
  if (name == "content-length") {
    ++framing.lengths;
    framing.length = number(value);
  } else if (name == "connection") {
    ++framing.connections;
    framing.close = value == "close";
    require(framing.close || value == "keep-alive", "Connection says close or keep-alive");
  } else if (name == "date") {
    ++framing.dates;
  } else if (name == "x-request-id") {
    ++framing.request_ids;
  }
}

SeenAnswer read_one(std::string_view& bytes) {
  SeenAnswer answer;
  const std::string_view status_line = take_line(bytes);
  require(status_line.size() >= 13 && status_line.starts_with(kVersion) && status_line[12] == ' ' &&
              is_field_value(status_line),
          "a status line is HTTP/1.1 STATUS REASON");
  answer.status = static_cast<int>(number(status_line.substr(9, 3)));
  require(answer.status >= 200 && answer.status <= 599, "a status is one of a final answer");
  Framing framing;
  for (std::string_view line = take_line(bytes); !line.empty(); line = take_line(bytes))
    note_field(line, framing);
  require(framing.dates == 1 && framing.request_ids == 1 && framing.connections <= 1,
          "Date and X-Request-Id stand in every answer once, Connection at most once");
  const bool may_have_body = answer.status != 204 && answer.status != 304;
  require(framing.lengths == (may_have_body ? 1 : 0),
          "every answer that may have a body says its length once");
  answer.closes = framing.close;
  answer.bodiless = framing.length > 0 && (bytes.empty() || bytes.starts_with(kVersion));
  if (answer.bodiless) return answer;
  require(framing.length <= bytes.size(), "a body is as long as was said");
  answer.body = bytes.substr(0, framing.length);
  bytes.remove_prefix(framing.length);
  return answer;
}

}  // namespace

SeenAnswers read_answers(std::string_view bytes) {
  SeenAnswers seen;
  while (!bytes.empty()) {
    if (bytes.starts_with(kContinue)) {
      bytes.remove_prefix(kContinue.size());
      ++seen.continues;
      continue;
    }
    require(seen.final_ones.empty() || !seen.final_ones.back().closes,
            "nothing follows an answer that closes");
    seen.final_ones.push_back(read_one(bytes));
  }
  return seen;
}

}  // namespace coffees::fuzz
