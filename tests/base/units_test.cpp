#include "base/units.h"

#include "catch.h"

using namespace coffees;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST_CASE("durations carry their unit") {
  CHECK(parse_duration("250ms") == milliseconds(250));
  CHECK(parse_duration("1.5s") == milliseconds(1500));
  CHECK(parse_duration("5m") == minutes(5));
  CHECK(parse_duration("2h") == hours(2));
  CHECK(parse_duration("0s") == seconds(0));
  for (const char* bad : {"", "5", "s", "-1s", "1 s", "5min", "1e3s", "nans", "infs", "999999999999h", "5ms ",
                          "+1s", ".5s", "5.s"})
    CHECK_FALSE(parse_duration(bad));
}

TEST_CASE("durations may have several units, from large to small, each once") {
  CHECK(parse_duration("1h30m") == minutes(90));
  CHECK(parse_duration("1d") == hours(24));
  CHECK(parse_duration("1d2h3m4s5ms") == hours(26) + minutes(3) + seconds(4) + milliseconds(5));
  CHECK(parse_duration("1m1.5s") == milliseconds(61'500));
  CHECK(parse_duration("0h0m") == seconds(0));
  for (const char* bad : {"1h30", "30m1h", "1h1h", "1h-30m", "1h+30m", "-1h30m", "1h 30m", "1.5h30m", "1h30x",
                          "1hm", "d", "1D", "1w", "104249d8h", "99999999h99999999m", "1h30m "}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("sizes carry their unit") {
  CHECK(parse_size("128MiB") == 128ULL << 20);
  CHECK(parse_size("100B") == 100);
  for (const char* bad :
       {"", "128", "-1MiB", "1TiB", "1T", "M", "128m", "128Mi", "1GB1MB", "1G ", "1e3M", "9999999999G"})
    CHECK_FALSE(parse_size(bad));
}

TEST_CASE("K, M and G are powers of 1024, however they are written") {
  for (const char* text : {"128M", "128MB", "128MiB"}) CHECK(parse_size(text) == 128ULL << 20);
  for (const char* text : {"1G", "1GB", "1GiB", "1024M"}) CHECK(parse_size(text) == 1ULL << 30);
  for (const char* text : {"64K", "64KB", "64KiB"}) CHECK(parse_size(text) == 64ULL << 10);
  CHECK(parse_size("1.5G") == 1536ULL << 20);
}

TEST_CASE("a fraction of a millisecond is shown without an exponent") {
  for (const char* text : {"0.000001ms", "0.00002ms", "1.234ms", "12345678.25ms"})
    CHECK(format_duration(*parse_duration(text)) == text);
}

TEST_CASE("a duration for a table keeps its two largest units") {
  CHECK(rough_duration(0.4) == "0ms");
  CHECK(rough_duration(999) == "999ms");
  CHECK(rough_duration(12'300) == "12s");
  CHECK(rough_duration(62'000) == "1m02s");
  CHECK(rough_duration(3.6e6 + 7 * 60e3 + 59e3) == "1h07m");
}

TEST_CASE("milliseconds are split into integers, and a negative time counts as zero") {
  const Milliseconds time = split_milliseconds(nanoseconds(12'345'999));
  CHECK(time.whole == 12);
  CHECK(time.thousandths == 345);
  CHECK(split_milliseconds(nanoseconds(-1)).thousandths == 0);
}
