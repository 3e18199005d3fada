#include "memory_budget.h"

#include "bytes.h"
#include "catch.h"
#include "platform/memory_limit.h"

using namespace coffees;

constexpr std::size_t kKiB = 1024;

TEST_CASE("a charge holds what it was granted and gives it back when it ends") {
  MemoryBudget budget(1024 * kKiB);
  {
    MemoryCharge charge(&budget);
    CHECK(charge.hold(100 * kKiB));
    CHECK(budget.held() == 104 * kKiB);  // in steps of 8 KiB
    CHECK(charge.hold(10));
    CHECK(budget.held() == 8 * kKiB);
    MemoryCharge moved(std::move(charge));
    CHECK(budget.held() == 8 * kKiB);
    MemoryCharge other(&budget);
    CHECK(other.hold(1));
    moved = std::move(other);
    CHECK(budget.held() == 8 * kKiB);
  }
  CHECK(budget.held() == 0);
}

TEST_CASE("what would pass the limit is refused and changes nothing") {
  MemoryBudget budget(1024 * kKiB);
  MemoryCharge first(&budget);
  MemoryCharge second(&budget);
  REQUIRE(first.hold(600 * kKiB));
  CHECK_FALSE(second.hold(600 * kKiB));
  CHECK(second.bytes() == 0);
  CHECK(budget.held() == 600 * kKiB);
  CHECK(second.hold(200 * kKiB));
  CHECK_FALSE(second.hold(600 * kKiB));
  CHECK(second.bytes() == 200 * kKiB);
}

TEST_CASE("the last eighth of a budget is for holders of little") {
  MemoryBudget budget(1024 * kKiB);
  MemoryCharge large(&budget);
  REQUIRE(large.hold(896 * kKiB));
  MemoryCharge another(&budget);
  CHECK_FALSE(another.hold(72 * kKiB));
  CHECK(another.hold(64 * kKiB));
  MemoryCharge last(&budget);
  CHECK(last.hold(64 * kKiB));
  MemoryCharge none(&budget);
  CHECK_FALSE(none.hold(8 * kKiB));
}

TEST_CASE("a charge of no budget is granted everything") {
  MemoryCharge charge;
  CHECK(charge.hold(std::size_t{1} << 60));
  CHECK(charge.bytes() == 0);
}

TEST_CASE("bytes keep what they have while they grow, and reserve no more room than was asked for") {
  Bytes bytes;
  bytes.append("coffee");
  bytes.reserve(1000 * kKiB);
  CHECK(bytes.capacity() == 1000 * kKiB);
  CHECK(bytes.view() == "coffee");
  bytes.append(std::string(1000 * kKiB, 'x'));
  CHECK(bytes.size() == 6 + 1000 * kKiB);
  CHECK(bytes.view().starts_with("coffeexxx"));
  Bytes taken = std::move(bytes);
  CHECK(taken.size() == 6 + 1000 * kKiB);
  taken = {};
  CHECK(taken.capacity() == 0);
}

TEST_CASE("the limits of memory control groups are looked for in the group and in all above it") {
  using platform::memory_limit_files;
  using Files = std::vector<std::string>;
  SECTION("version 2") {
    CHECK(
        memory_limit_files("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
                           "0::/system.slice/coffees.service\n") ==
        Files{"/sys/fs/cgroup/system.slice/coffees.service/memory.max",
              "/sys/fs/cgroup/system.slice/memory.max", "/sys/fs/cgroup/memory.max"});
  }
  SECTION("version 1 beside version 2") {
    CHECK(memory_limit_files("34 30 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                             "35 30 0:32 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n",
                             "5:devices:/\n4:memory:/a\n0::/b\n") ==
          Files{"/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes"});
  }
  SECTION("a container that sees its own part of the hierarchy alone") {
    CHECK(memory_limit_files("34 30 0:31 /docker/af0 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
                             "4:memory:/docker/af0\n") ==
          Files{"/sys/fs/cgroup/memory/memory.limit_in_bytes"});
  }
  SECTION("nothing that can be read") {
    CHECK(memory_limit_files("", "").empty());
    CHECK(memory_limit_files("nonsense\n34 30", "4\n::").empty());
  }
}

TEST_CASE("this process may use some memory, and not more than the machine has") {
  CHECK(platform::memory_limit() > 16 * kKiB * kKiB);
}

TEST_CASE("a block that was given back is taken again, and one that grows keeps its content") {
  using namespace platform;
  const Block first = take_block(100 * kKiB);
  CHECK(first.size == 100 * kKiB);
  std::memset(first.data, 'a', first.size);
  give_back_block(first);
  const Block second = take_block(90 * kKiB);
  CHECK(second.data == first.data);
  const Block larger = grow_block(second, second.size, 5000 * kKiB);
  CHECK(larger.size == 5000 * kKiB);
  CHECK(std::string_view(larger.data, 100 * kKiB).find_first_not_of('a') == std::string_view::npos);
  give_back_block(larger);
  const Block small = take_block(40 * kKiB);  // not the large one: it would be wasted
  CHECK(small.size == 40 * kKiB);
  give_back_block(small);
  give_back_block({});
}
