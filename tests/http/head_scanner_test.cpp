#include "http/head_scanner.h"

#include "catch.h"

using namespace coffees::http;
using Progress = HeadScanner::Progress;
using namespace std::string_literals;

namespace {

// The status a head is refused with, 0 when it is admitted, -1 when more is wanted. Byte by byte and at once
// must agree.
int status_of(const std::string& head) {
  const auto result = [](const HeadScanner& scanner, Progress progress) {
    if (progress == Progress::need_more) return -1;
    return progress == Progress::complete ? 0 : scanner.refusal().status();
  };
  HeadScanner at_once{HeadLimits{}};
  const int whole = result(at_once, at_once.scan(head));
  HeadScanner in_pieces{HeadLimits{}};
  Progress progress = Progress::need_more;
  for (std::size_t size = 1; size <= head.size() && progress == Progress::need_more; ++size)
    progress = in_pieces.scan(std::string_view(head).substr(0, size));
  CHECK(result(in_pieces, progress) == whole);
  return whole;
}

std::string with_field(const std::string& field) {
  return "GET /x HTTP/1.1\r\nHost: localhost\r\n" + field + "\r\n\r\n";
}

}  // namespace

TEST_CASE("an ordinary head is admitted, and its size counts its empty line") {
  const std::string head = "POST /espresso HTTP/1.1\r\nHost: localhost:2633\r\nContent-Length: 2\r\n\r\n";
  HeadScanner scanner{HeadLimits{}};
  CHECK(scanner.scan(head + "{}") == Progress::complete);
  CHECK(scanner.head_size() == head.size());
  CHECK(status_of(head) == 0);
  CHECK(status_of("GET / HTTP/1.0\r\n\r\n") == 0);
}

TEST_CASE("an unfinished head wants more") {
  CHECK(status_of("GET / HT") == -1);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: localhost\r\n\r") == -1);
}

TEST_CASE("line ends other than CR LF are refused") {
  CHECK(status_of("GET / HTTP/1.1\nHost: localhost\n\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: localhost\n\r\n") == 400);
  CHECK(status_of(with_field("A: b\rc")) == 400);
}

TEST_CASE("request lines that are not METHOD TARGET HTTP/1.1 are refused") {
  CHECK(status_of("GET /\r\n\r\n") == 400);
  CHECK(status_of("GET\r\n\r\n") == 400);
  CHECK(status_of("GET  / HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of("GET / x HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of("GET / http/1.1\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.9\r\n\r\n") == 505);
  CHECK(status_of("GET / HTTP/2.0\r\n\r\n") == 505);
  CHECK(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
  CHECK(status_of("G(T / HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of(std::string(1024, 'M') + " / HTTP/1.1\r\n\r\n") == 501);
  CHECK(status_of("GET /\x80 HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s) == 400);
}

TEST_CASE("header fields that programs read differently are refused") {
  CHECK(status_of(with_field("A : b")) == 400);
  CHECK(status_of(with_field(": b")) == 400);
  CHECK(status_of(with_field("A_B: c")) == 400);
  CHECK(status_of(with_field("A\x80: c")) == 400);
  CHECK(status_of(with_field("A: b\r\n folded")) == 400);
  CHECK(status_of(with_field("A: b\r\n\tfolded")) == 400);
  CHECK(status_of(with_field("nothing")) == 400);
  CHECK(status_of(with_field("A: b\0c"s)) == 400);
  CHECK(status_of(with_field("A: b\x01"s)) == 400);
  CHECK(status_of(with_field("A: b\x7f")) == 400);
  CHECK(status_of(with_field("A: caf\xc3\xa9\tau lait")) == 0);
}

TEST_CASE("limits are enforced before the line has ended") {
  CHECK(status_of("GET /" + std::string(9000, 'a')) == 414);
  CHECK(status_of("GET / HTTP/1.1\r\nA: " + std::string(17 * 1024, 'a')) == 431);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100; ++i) many += "A: b\r\n";
  CHECK(status_of(many + "\r\n") == 0);
  CHECK(status_of(many + "A: b\r\n\r\n") == 431);
  std::string large = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 5; ++i) large += "A: " + std::string(15 * 1024, 'a') + "\r\n";
  CHECK(status_of(large) == 431);
}
