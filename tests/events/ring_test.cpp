#include "events/ring.h"

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "catch.h"

using namespace coffees::events;

namespace {

std::string_view bytes_of(const std::uint64_t& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::uint64_t number_in(std::string_view record) {
  std::uint64_t number = 0;
  std::memcpy(&number, record.data(), sizeof number);
  return number;
}

// What a reader finds until there is nothing more, without the zero bytes that fill up the last word.
std::vector<std::string> rest_of(RingReader& reader) {
  std::vector<std::string> found;
  while (reader.fetch(1))
    reader.for_each([&](std::string_view bytes) {
      found.emplace_back(bytes.substr(0, bytes.find_last_not_of('\0') + 1));
    });
  return found;
}

}  // namespace

TEST_CASE("a ring's size is a power of two") {
  CHECK_THROWS_AS(Ring(0), std::invalid_argument);
  CHECK_THROWS_AS(Ring(12), std::invalid_argument);
  CHECK_NOTHROW(Ring(16));
}

TEST_CASE("records come back whole and in order, padded to words, to every reader that asks") {
  Ring ring(64);
  RingReader first(ring);
  RingReader second(ring);
  ring.append("12345678", "abc");
  ring.append("", "x");
  ring.append("12345678", "");
  CHECK(rest_of(first) == std::vector<std::string>{"12345678abc", "x", "12345678"});
  CHECK(rest_of(first).empty());
  ring.append("", "later");
  CHECK(rest_of(first) == std::vector<std::string>{"later"});
  CHECK(rest_of(second).size() == 4);
}

TEST_CASE(
    "a full ring forgets its oldest records only, and an overtaken reader goes on with the oldest left") {
  Ring ring(16);
  RingReader overtaken(ring);
  for (int i = 0; i < 100; ++i) ring.append("", "record" + std::to_string(i));
  const std::vector<std::string> found = rest_of(overtaken);
  // "recordNN" is one word, and one more says how long it is: eight of them fit.
  REQUIRE(found.size() == 8);
  for (int i = 0; i < 8; ++i) CHECK(found[static_cast<std::size_t>(i)] == "record" + std::to_string(92 + i));
  RingReader late(ring);
  CHECK(rest_of(late) == found);
}

TEST_CASE("a record may take a quarter of the ring, not more") {
  Ring ring(64);
  RingReader reader(ring);
  CHECK_NOTHROW(ring.append("", std::string(15 * 8, 'x')));
  CHECK_THROWS_AS(ring.append("", std::string(15 * 8 + 1, 'x')), std::length_error);
  CHECK(rest_of(reader).size() == 1);
}

TEST_CASE("a reader skips what it has seen before, also when that was overwritten") {
  Ring ring(64);
  for (std::uint64_t i = 1; i <= 5; ++i) ring.append(bytes_of(i), "");
  RingReader reader(ring);
  reader.skip_through(3);
  REQUIRE(reader.fetch(1));
  reader.for_each([](std::string_view bytes) { CHECK(number_in(bytes) == 4); });
  RingReader stale(ring);
  for (std::uint64_t i = 6; i <= 500; ++i) ring.append(bytes_of(i), "");
  stale.skip_through(490);
  REQUIRE(stale.fetch(1));
  stale.for_each([](std::string_view bytes) { CHECK(number_in(bytes) == 491); });
  stale.skip_through(1000);
  CHECK_FALSE(stale.fetch());
}

TEST_CASE("what an overtaken reader takes for a length does not cost memory") {
  // Three words a record: 2^12 is no multiple of it, so that the old beginnings come to lie on the numbers.
  constexpr std::size_t words = 1 << 12;
  Ring ring(words);
  std::vector<RingReader> readers(8, RingReader(ring));
  constexpr std::uint64_t looks_like_a_length = 5'000'000;
  for (int i = 0; i < 4'000'000; ++i) ring.append(bytes_of(looks_like_a_length), "12345678");
  for (RingReader& reader : readers) {
    ring.append(bytes_of(looks_like_a_length), "");  // the next reader meets another word there
    REQUIRE(reader.fetch(1));
    CHECK(reader.memory() <= words * 8);
  }
}

TEST_CASE("readers of a ring that is written all the time never see a torn record") {
  Ring ring(1 << 10);
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> torn = 0;
  std::atomic<std::uint64_t> read = 0;
  std::vector<std::thread> readers;
  readers.reserve(2);
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      RingReader reader(ring);
      std::uint64_t last = 0;
      while (!done) {
        if (!reader.fetch(64)) continue;
        reader.for_each([&](std::string_view bytes) {
          const std::uint64_t number = number_in(bytes);
          const char expected = static_cast<char>('a' + number % 26);
          const std::string_view text = bytes.substr(8);
          if (number <= last || text.size() != (number % 9 + 1) * 8 ||
              text.find_first_not_of(expected) != std::string_view::npos)
            ++torn;
          last = number;
          ++read;
        });
      }
    });
  for (std::uint64_t number = 1; number <= 1'000'000; ++number)
    ring.append(bytes_of(number), std::string((number % 9 + 1) * 8, static_cast<char>('a' + number % 26)));
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
  CHECK(read > 0);
}
