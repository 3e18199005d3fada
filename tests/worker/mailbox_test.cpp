#include "worker/mailbox.h"

#include <array>
#include <atomic>
#include <string>
#include <thread>

#include "catch.h"

using namespace coffees;

namespace {

// Both sides of one mailbox in one process, on mappings of their own.
struct Pair {
  DoorbellMemory bell;
  Mailbox dispatcher;
  platform::UniqueFd descriptor{dispatcher.take_descriptor()};
  WorkerMailbox worker{descriptor.get(), bell};
  // One for each side: some tests have a thread for the worker.
  std::array<char, MailboxMemory::kPage> received{};
  std::array<char, MailboxMemory::kPage> answered{};

  std::string receive() {
    const std::size_t size = worker.receive(received);
    return {received.data(), size};
  }
  std::string answer(Mailbox::Number number) {
    const std::size_t size = dispatcher.copy_answer(number, answered);
    return {answered.data(), size};
  }
  // What a hostile worker may write: it has the same memory.
  platform::SharedMemory same = platform::SharedMemory::map(descriptor.get(), sizeof(MailboxMemory));
  [[nodiscard]] MailboxMemory& memory() const { return *static_cast<MailboxMemory*>(same.data()); }
};

using Parts = std::array<std::string_view, 2>;

}  // namespace

TEST_CASE("a posted packet is received once, in one piece, and its answer is seen") {
  Pair pair;
  const Mailbox::Number first = pair.dispatcher.post(Parts{"double ", "espresso"});
  CHECK_FALSE(pair.dispatcher.begun(first));
  CHECK_FALSE(pair.dispatcher.answered(first));
  CHECK(pair.receive() == "double espresso");
  CHECK(pair.dispatcher.begun(first));
  CHECK_FALSE(pair.worker.answer(Parts{"here ", "you are"}));
  CHECK(pair.dispatcher.answered(first));
  CHECK(pair.answer(first) == "here you are");
  pair.dispatcher.finished(first);
  const Mailbox::Number second = pair.dispatcher.post(Parts{"next", ""});
  CHECK_FALSE(pair.dispatcher.answered(second));
  CHECK(pair.receive() == "next");
}

TEST_CASE("a worker that sleeps is woken by a post") {
  Pair pair;
  std::string received;
  std::thread sleeper([&] { received = pair.receive(); });
  pair.dispatcher.post(Parts{"wake ", "up"});
  sleeper.join();
  CHECK(received == "wake up");
}

TEST_CASE("an empty post says that the packet is on the channel") {
  Pair pair;
  pair.dispatcher.post({});
  CHECK(pair.receive().empty());
}

TEST_CASE("packets that are posted behind each other are received and answered in order") {
  Pair pair;
  for (int round = 0; round < 3; ++round) {
    const Mailbox::Number a = pair.dispatcher.post(Parts{"a", ""});
    REQUIRE(pair.dispatcher.has_room(1));
    const Mailbox::Number b = pair.dispatcher.post(Parts{"b", ""});
    CHECK(pair.receive() == "a");
    pair.worker.answer(Parts{"for a", ""});
    CHECK(pair.receive() == "b");
    CHECK(pair.dispatcher.answered(a));
    CHECK_FALSE(pair.dispatcher.answered(b));
    pair.worker.answer(Parts{"for b", ""});
    CHECK(pair.answer(a) == "for a");
    CHECK(pair.answer(b) == "for b");
    pair.dispatcher.finished(b);
  }
}

TEST_CASE("a mailbox is full when its slots or its bytes are used up, until all is finished") {
  Pair pair;
  Mailbox::Number last = 0;
  for (std::uint32_t i = 0; i < MailboxMemory::kSlots; ++i) {
    REQUIRE(pair.dispatcher.has_room(1));
    last = pair.dispatcher.post(Parts{"x", ""});
  }
  CHECK_FALSE(pair.dispatcher.has_room(1));
  pair.dispatcher.finished(last);
  const std::string large(3000, 'x');
  REQUIRE(pair.dispatcher.has_room(large.size()));
  last = pair.dispatcher.post(Parts{large, ""});
  CHECK(pair.dispatcher.has_room(500));
  CHECK_FALSE(pair.dispatcher.has_room(large.size()));
  pair.dispatcher.finished(last);
  CHECK(pair.dispatcher.has_room(large.size()));
}

TEST_CASE("what the worker has not begun can be taken back, and is then never seen") {
  Pair pair;
  const Mailbox::Number begun = pair.dispatcher.post(Parts{"begun", ""});
  CHECK(pair.receive() == "begun");
  pair.dispatcher.post(Parts{"second", ""});
  pair.dispatcher.post(Parts{"third", ""});
  CHECK(pair.dispatcher.revoke(begun) == 2);
  CHECK(pair.dispatcher.revoke(begun) == 0);
  pair.worker.answer(Parts{"done", ""});
  CHECK(pair.dispatcher.answered(begun));
  pair.dispatcher.finished(begun);
  const Mailbox::Number other = pair.dispatcher.post(Parts{"other", ""});
  CHECK(other == begun + 1);
  CHECK_FALSE(pair.dispatcher.begun(other));
  CHECK(pair.receive() == "other");
}

TEST_CASE("what is to be kept is not taken back, though the worker is late in beginning with it") {
  Pair pair;
  const Mailbox::Number kept = pair.dispatcher.post(Parts{"kept", ""});
  pair.dispatcher.post(Parts{"behind it", ""});
  CHECK(pair.dispatcher.revoke(kept) == 1);
  CHECK(pair.receive() == "kept");
  pair.worker.answer(Parts{"done", ""});
  CHECK(pair.dispatcher.answered(kept));
}

TEST_CASE("a worker that holds begins nothing before its answer was seen") {
  Pair pair;
  const Mailbox::Number first = pair.dispatcher.post(Parts{"first", ""});
  pair.dispatcher.post(Parts{"behind it", ""});
  CHECK(pair.receive() == "first");
  pair.worker.stop_pipelining();
  pair.worker.answer(Parts{"held", ""});
  std::string received;
  std::thread worker([&] { received = pair.receive(); });
  // The dispatcher posts one more before it looks at the answer.
  pair.dispatcher.post(Parts{"behind that", ""});
  CHECK(pair.dispatcher.answered(first));
  CHECK(pair.dispatcher.revoke(first) == 2);
  pair.dispatcher.finished(first);
  pair.dispatcher.post(Parts{"go on", ""});
  worker.join();
  CHECK(received == "go on");
}

TEST_CASE("nothing is both taken back and begun") {
  Pair pair;
  std::atomic<int> begun = 0;
  std::thread worker([&] {
    while (true) {
      const std::string packet = pair.receive();
      if (packet == "end") return;
      ++begun;
      pair.worker.answer(Parts{packet, ""});
    }
  });
  int expected = 0;
  int wrong = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = std::to_string(round);
    const Mailbox::Number first = pair.dispatcher.post(Parts{text, "a"});
    pair.dispatcher.post(Parts{text, "b"});
    Mailbox::Number last = pair.dispatcher.post(Parts{text, "c"});
    const std::uint32_t back = pair.dispatcher.revoke(first);
    last -= back;
    expected += 3 - static_cast<int>(back);
    while (!pair.dispatcher.answered(last)) std::this_thread::yield();
    for (Mailbox::Number number = first; number <= last; ++number)
      if (pair.answer(number) != text + static_cast<char>('a' + (number - first))) ++wrong;
    pair.dispatcher.finished(last);
  }
  pair.dispatcher.post(Parts{"end", ""});
  worker.join();
  CHECK(begun == expected);
  CHECK(wrong == 0);
}

TEST_CASE("the first answer rings while the dispatcher sleeps, the next one need not") {
  Pair pair;
  pair.bell.dispatcher_sleeps = 1;
  pair.dispatcher.post(Parts{"a", ""});
  CHECK(pair.receive() == "a");
  CHECK(pair.worker.answer(Parts{"b", ""}));
  pair.dispatcher.post(Parts{"c", ""});
  CHECK(pair.receive() == "c");
  CHECK_FALSE(pair.worker.answer(Parts{"d", ""}));
}

TEST_CASE("a worker that was asked to ring does so whatever the bell says, for that request only") {
  Pair pair;
  pair.dispatcher.ask_to_ring(pair.dispatcher.post(Parts{"slow", ""}));
  pair.dispatcher.post(Parts{"quick", ""});
  CHECK(pair.receive() == "slow");
  CHECK(pair.worker.answer(Parts{"done", ""}));
  CHECK(pair.receive() == "quick");
  CHECK_FALSE(pair.worker.answer(Parts{"done", ""}));
}

TEST_CASE("an answer that claims to lie outside of the mailbox is none") {
  Pair pair;
  const Mailbox::Number number = pair.dispatcher.post(Parts{"x", ""});
  CHECK(pair.receive() == "x");
  pair.worker.answer(Parts{"y", ""});
  MailboxMemory::Slot& slot = pair.memory().answers.slots[number % MailboxMemory::kSlots];
  slot.size = 0xffffffff;
  CHECK(pair.answer(number).empty());
  slot.size = MailboxMemory::kRoom + 1;
  CHECK(pair.answer(number).empty());
  slot.size = 2;
  slot.offset = MailboxMemory::kRoom - 1;
  CHECK(pair.answer(number).empty());
  slot.offset = 0xffffffff;
  CHECK(pair.answer(number).empty());
}

TEST_CASE("a worker that lies about what it has begun cannot confuse the dispatcher's count") {
  Pair pair;
  const Mailbox::Number first = pair.dispatcher.post(Parts{"a", ""});
  pair.dispatcher.post(Parts{"b", ""});
  pair.dispatcher.post(Parts{"c", ""});
  for (const std::uint64_t lie : {std::uint64_t{77}, std::uint64_t{0x7fffffff}}) {
    pair.memory().requests.line = lie;
    CHECK(pair.dispatcher.revoke(first) == 0);
  }
  pair.memory().requests.line = 0;  // "none of them"
  CHECK(pair.dispatcher.revoke(first) == 2);
  CHECK(pair.dispatcher.post(Parts{"d", ""}) == first + 1);
}

TEST_CASE("an answer has room behind others only while they leave some, and more for the next one") {
  Pair pair;
  pair.dispatcher.post(Parts{"a", ""});
  pair.dispatcher.post(Parts{"b", ""});
  CHECK(pair.receive() == "a");
  const std::string large(2000, 'x');
  CHECK(pair.worker.has_room(large.size()));
  CHECK_FALSE(pair.worker.has_room_for_more(large.size()));
  pair.worker.answer(Parts{large, ""});
  CHECK(pair.receive() == "b");
  CHECK_FALSE(pair.worker.has_room(large.size()));
}

TEST_CASE("what has no room goes another way") {
  CHECK(Mailbox::fits(MailboxMemory::kRoom));
  CHECK_FALSE(Mailbox::fits(MailboxMemory::kRoom + 1));
}
