#include "config/timestamp.h"

#include <cstdlib>
#include <ctime>

#include "catch.h"

using namespace coffees::config;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// The time zone of this process, put back at the end.
class Zone {
 public:
  explicit Zone(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;
  ~Zone() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

}  // namespace

TEST_CASE("date-times of RFC 3339 are read, with every offset and fraction") {
  CHECK(parse_timestamp("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_timestamp("1970-01-01t00:00:00z") == 0);
  CHECK(parse_timestamp("1970-01-01 00:00:01Z") == kSecond);
  CHECK(parse_timestamp("1970-01-01T01:00:00+01:00") == 0);
  CHECK(parse_timestamp("1969-12-31T18:30:00-05:30") == 0);
  CHECK(parse_timestamp("1970-01-01T00:00:00.5Z") == kSecond / 2);
  CHECK(parse_timestamp("1970-01-01T00:00:00.000000001Z") == 1);
  CHECK(parse_timestamp("1970-01-01T00:00:00.0000000019Z") == 1);
  CHECK(parse_timestamp("1969-12-31T23:59:59.5Z") == -kSecond / 2);
  CHECK(parse_timestamp("2016-12-31T23:59:60Z") == parse_timestamp("2017-01-01T00:00:00Z"));
  CHECK(parse_timestamp("2026-01-31T12:00:00Z") == 1769860800 * kSecond);
  CHECK(parse_timestamp("2261-12-31T23:59:59Z") > 0);
}

TEST_CASE("what is no timestamp is refused") {
  for (const char* bad : {"",
                          "yesterday",
                          "2026",
                          "2026-01",
                          "2026-1-1",
                          "2026-02-30",
                          "2026-13-01",
                          "2026-00-01",
                          "2026-01-00",
                          "2025-02-29",
                          "2026-01-31T",
                          "2026-01-31T12",
                          "2026-01-31T12:00",
                          "2026-01-31T24:00:00Z",
                          "2026-01-31T12:60:00Z",
                          "2026-01-31T12:00:61Z",
                          "2026-01-31T12:00:00.Z",
                          "2026-01-31T12:00:00+0100",
                          "2026-01-31T12:00:00+24:00",
                          "2026-01-31T12:00:00Zx",
                          "2026-01-31Z",
                          "1500-01-01",
                          "2300-01-01",
                          "9999-12-31",
                          "-026-01-31",
                          "2026-01-31T12:00:00 ",
                          "1h",
                          "2026-01-31T-1:00:00Z"}) {
    INFO(bad);
    CHECK_FALSE(parse_timestamp(bad));
  }
}

TEST_CASE("without an offset the local time zone counts, summer time included, and so it does for a date") {
  const Zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(parse_timestamp("2026-01-31") == parse_timestamp("2026-01-30T23:00:00Z"));
  CHECK(parse_timestamp("2026-07-01") == parse_timestamp("2026-06-30T22:00:00Z"));
  CHECK(parse_timestamp("2026-07-01T12:00:00.25") == parse_timestamp("2026-07-01T10:00:00.25Z"));
  CHECK(in_utc("2026-07-01") == "2026-06-30T22:00:00.000000000Z");
}

TEST_CASE("a timestamp in UTC means the same, and a duration stays as it is") {
  for (const char* text : {"2026-01-31T12:00:00.123456789+02:00", "1969-12-31T23:59:59.5Z", "2026-01-31"})
    CHECK(parse_timestamp(in_utc(text)) == parse_timestamp(text));
  CHECK(in_utc("1h30m") == "1h30m");
  CHECK(in_utc("nonsense") == "nonsense");
}
