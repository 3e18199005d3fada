#include "worker/mailbox.h"

#include <array>
#include <thread>

#include "catch.h"

using namespace coffees;

namespace {

// Both sides of one mailbox in one process, on mappings of their own.
struct Pair {
  platform::UniqueFd descriptor;
  BellMemory bell;
  Mailbox dispatcher{descriptor};
  WorkerMailbox worker{descriptor.get(), bell};
  std::array<char, MailboxMemory::kPage> buffer{};

  std::string receive() {
    const std::size_t size = worker.receive(buffer);
    return {buffer.data(), size};
  }
  std::string answer() {
    const std::size_t size = dispatcher.copy_answer(buffer);
    return {buffer.data(), size};
  }
};

using Parts = std::array<std::string_view, 2>;

}  // namespace

TEST_CASE("a posted packet is received once, in one piece, and its answer is seen") {
  Pair pair;
  pair.dispatcher.post(Parts{"double ", "espresso"});
  CHECK_FALSE(pair.dispatcher.taken());
  CHECK_FALSE(pair.dispatcher.answered());
  CHECK(pair.receive() == "double espresso");
  CHECK(pair.dispatcher.taken());
  CHECK_FALSE(pair.worker.answer(Parts{"here ", "you are"}));
  CHECK(pair.dispatcher.answered());
  CHECK(pair.answer() == "here you are");
  pair.dispatcher.post(Parts{"next", ""});
  CHECK_FALSE(pair.dispatcher.answered());
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
  pair.dispatcher.post(Parts{"slow", ""});
  pair.dispatcher.ask_to_ring();
  CHECK(pair.receive() == "slow");
  CHECK(pair.worker.answer(Parts{"done", ""}));
  pair.dispatcher.post(Parts{"quick", ""});
  CHECK(pair.receive() == "quick");
  CHECK_FALSE(pair.worker.answer(Parts{"done", ""}));
}

TEST_CASE("an answer that claims to be longer than the mailbox is none") {
  Pair pair;
  pair.dispatcher.post(Parts{"x", ""});
  CHECK(pair.receive() == "x");
  pair.worker.answer(Parts{"y", ""});
  // What a hostile worker may write: it has the same memory.
  platform::SharedMemory same = platform::SharedMemory::map(pair.descriptor.get(), sizeof(MailboxMemory));
  static_cast<MailboxMemory*>(same.data())->response.size = 0xffffffff;
  CHECK(pair.answer().empty());
  static_cast<MailboxMemory*>(same.data())->response.size = MailboxMemory::kRoom + 1;
  CHECK(pair.answer().empty());
}

TEST_CASE("what has no room goes another way") {
  CHECK(Mailbox::fits(MailboxMemory::kRoom));
  CHECK_FALSE(Mailbox::fits(MailboxMemory::kRoom + 1));
}
