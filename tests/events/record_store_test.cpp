#include "events/record_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "catch.h"

using coffees::events::RecordStore;

namespace {

constexpr std::size_t kChunkBytes = RecordStore::kChunkWords * 8;

// A number, and as many bytes behind it as make the record 1/8 of a chunk.
void add(RecordStore& store, std::size_t lane, std::uint64_t number) {
  const std::string text(kChunkBytes / 8 - 16, 'x');
  store.append(lane, {reinterpret_cast<const char*>(&number), sizeof number}, text);
}

std::vector<std::uint64_t> numbers(const RecordStore& store, std::size_t lane) {
  std::vector<std::uint64_t> all;
  store.for_each(lane, [&](std::string_view bytes) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    all.push_back(number);
  });
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("a lane gives its own records back") {
  RecordStore store(3, 12);
  for (std::uint64_t i = 0; i < 20; ++i) add(store, i % 2, i);
  CHECK(numbers(store, 0) == std::vector<std::uint64_t>{0, 2, 4, 6, 8, 10, 12, 14, 16, 18});
  CHECK(numbers(store, 1).size() == 10);
  CHECK(numbers(store, 2).empty());
  const std::string odd = "odd length";
  store.append(2, "fixed...", odd);
  store.for_each(2, [](std::string_view bytes) {
    CHECK(bytes == std::string_view("fixed...odd length\0\0\0\0\0\0", 24));
  });
}

TEST_CASE("a lane that is alone has the whole store, and forgets its oldest records") {
  RecordStore store(4, 12);
  for (std::uint64_t i = 0; i < 1000; ++i) add(store, 1, i);
  const std::vector<std::uint64_t> held = numbers(store, 1);
  CHECK(held.size() > 11 * 8);
  CHECK(held.size() <= 12 * 8);
  CHECK(held.back() == 999);
  CHECK(held.front() == 1000 - held.size());
}

TEST_CASE("a lane within its share loses nothing to others, however much they write") {
  RecordStore store(4, 12);
  for (std::uint64_t i = 0; i < 24; ++i) add(store, 0, i);  // three chunks: its share
  for (std::uint64_t i = 0; i < 2000; ++i) add(store, 1 + i % 3, i);
  CHECK(numbers(store, 0).size() == 24);
}

TEST_CASE("a lane that comes later gets its share from those who have more") {
  RecordStore store(4, 12);
  for (std::uint64_t i = 0; i < 1000; ++i) add(store, 0, i);
  for (std::uint64_t i = 0; i < 24; ++i) add(store, 1, i);
  CHECK(numbers(store, 1).size() == 24);
  for (std::uint64_t i = 0; i < 1000; ++i) add(store, 2, i);
  CHECK(numbers(store, 1).size() == 24);
  CHECK(numbers(store, 0).size() >= 3 * 8 - 7);
  CHECK(numbers(store, 2).size() >= 3 * 8);
}

TEST_CASE("lanes may come and go") {
  RecordStore store(2, 12);
  for (std::uint64_t i = 0; i < 48; ++i) add(store, 1, i);
  store.set_lanes(4);
  for (std::uint64_t i = 0; i < 24; ++i) add(store, 3, i);
  for (std::uint64_t i = 0; i < 1000; ++i) add(store, 2, i);
  CHECK(numbers(store, 3).size() == 24);
  CHECK(numbers(store, 1).size() >= 3 * 8 - 7);
  store.set_lanes(3);  // the last one has no share any more
  for (std::uint64_t i = 0; i < 1000; ++i) add(store, 2, i);
  CHECK(numbers(store, 3).empty());
  CHECK(numbers(store, 1).size() >= 3 * 8 - 7);
}

TEST_CASE("more lanes than chunks leave some with nothing, and nothing is mixed up") {
  RecordStore store(5, 2);
  for (std::uint64_t i = 0; i < 100; ++i) add(store, i % 5, i);
  std::size_t held = 0;
  for (std::size_t lane = 0; lane < 5; ++lane)
    for (const std::uint64_t number : numbers(store, lane)) {
      ++held;
      CHECK(number % 5 == lane);
    }
  CHECK(held > 0);
}

TEST_CASE("what is read while it is overwritten is whole, or left out") {
  RecordStore store(2, 4);
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (std::uint64_t i = 1; i < 60'000; ++i) {
      const std::array<std::uint64_t, 4> record{i, i * 3, i * 5, i * 7};
      store.append(i % 2, {reinterpret_cast<const char*>(record.data()), sizeof record},
                   std::string(i % 300, static_cast<char>('a' + i % 26)));
    }
    over = true;
  });
  bool whole = true;
  bool in_order = true;
  std::size_t read = 0;
  while (!over || read == 0) {
    std::uint64_t last = 0;
    std::uint64_t chunk_begin = ~std::uint64_t{0};
    store.for_each(read % 2, [&](std::string_view bytes) {
      std::array<std::uint64_t, 4> record{};
      std::memcpy(record.data(), bytes.data(), sizeof record);
      const std::uint64_t i = record[0];
      whole = whole && record[1] == i * 3 && record[2] == i * 5 && record[3] == i * 7 &&
              bytes.substr(32, i % 300).find_first_not_of(static_cast<char>('a' + i % 26)) ==
                  std::string_view::npos;
      // Within a chunk forward, from chunk to chunk backward.
      if (i < last) in_order = in_order && i < chunk_begin;
      if (i < last || last == 0) chunk_begin = i;
      last = i;
    });
    ++read;
  }
  writer.join();
  CHECK(whole);
  CHECK(in_order);
}

TEST_CASE("a store without chunks and a record that no chunk holds are errors of the caller") {
  CHECK_THROWS_AS(RecordStore(1, 0), std::invalid_argument);
  RecordStore store(1, 1);
  CHECK_THROWS_AS(store.append(0, "", std::string(kChunkBytes, 'x')), std::length_error);
}
