#include "worker/log_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "catch.h"
#include "manual_clock.h"

using namespace coffees;

namespace {

struct Said {
  std::string request;
  std::string text;
  bool operator==(const Said&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Said& said) {
  return out << said.request << ": " << said.text.substr(0, 60);
}

// A process's output, without the process.
class Scene : public LogSink {
 public:
  Scene() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("pipe2");
    writer = platform::UniqueFd(ends[1]);
    pipe = std::make_shared<LogPipe>(loop.get_executor(), timers, platform::UniqueFd(ends[0]),
                                     LogOrigin{"latte#1", 1, 1}, *this);
    pipe->start();
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene() override {
    pipe->close();
    loop.restart();
    loop.poll();
  }

  void line(const LogOrigin&, std::string_view request, std::string_view text) override {
    lines.push_back({std::string(request), std::string(text)});
  }
  void note(const LogOrigin&, std::string_view request, std::string_view text) override {
    notes.push_back({std::string(request), std::string(text)});
  }
  void dropped(const LogOrigin&, std::size_t bytes) override { dropped_bytes += bytes; }

  // Returns how much the pipe took.
  std::size_t print(std::string_view text) {
    const ssize_t count = ::write(writer.get(), text.data(), text.size());
    return count < 0 ? 0 : static_cast<std::size_t>(count);
  }
  void turn() {
    loop.restart();
    loop.poll();
  }
  // As much as is asked for, the loop running beside.
  void print_much(std::size_t size) {
    const std::string text(4095, 'x');
    for (std::size_t printed = 0; printed < size;) {
      printed += print(text + "\n");
      loop.restart();
      loop.poll();
    }
  }

  Loop loop;
  SystemClock clock;
  TimerQueue timers{loop.get_executor(), clock};
  platform::UniqueFd writer;
  std::shared_ptr<LogPipe> pipe;
  std::vector<Said> lines;
  std::vector<Said> notes;
  std::size_t dropped_bytes = 0;
};

}  // namespace

TEST_CASE("output is cut into lines, whatever pieces it comes in") {
  Scene scene;
  scene.pipe->begin_invocation("a");
  scene.print("one\ntw");
  scene.turn();
  CHECK(scene.lines == std::vector<Said>{{"a", "one"}});
  scene.print("o\n\nfour\n");
  scene.turn();
  CHECK(scene.lines == std::vector<Said>{{"a", "one"}, {"a", "two"}, {"a", ""}, {"a", "four"}});
}

TEST_CASE("what was printed before the end of an invocation belongs to it, read or not") {
  Scene scene;
  scene.pipe->begin_invocation("a");
  scene.print("first\n");
  scene.turn();
  scene.print("second\n");
  scene.pipe->end_invocation();
  scene.pipe->begin_invocation("b");
  scene.print("third\n");
  scene.turn();
  CHECK(scene.lines == std::vector<Said>{{"a", "first"}, {"a", "second"}, {"b", "third"}});
}

TEST_CASE("a line without an end belongs to its own request, not to the next one") {
  Scene scene;
  scene.pipe->begin_invocation("a");
  scene.print("the secret of a");
  scene.turn();
  scene.pipe->end_invocation();
  scene.pipe->begin_invocation("b");
  scene.print("the words of b\n");
  scene.turn();
  CHECK(scene.lines == std::vector<Said>{{"a", "the secret of a"}, {"b", "the words of b"}});
}

TEST_CASE("what a process leaves behind at its end is read, also without a line's end") {
  Scene scene;
  scene.pipe->begin_invocation("a");
  scene.print("last words");
  scene.pipe->close();
  CHECK(scene.lines == std::vector<Said>{{"a", "last words"}});
}

TEST_CASE("a line is cut at 16 KiB, and a note says how much is missing") {
  Scene scene;
  scene.pipe->begin_invocation("a");
  scene.print(std::string(20'000, 'x') + "\nshort\n");
  scene.turn();
  REQUIRE(scene.lines.size() == 2);
  CHECK(scene.lines[0].text == std::string(16 * 1024, 'x'));
  CHECK(scene.lines[1].text == "short");
  CHECK(scene.dropped_bytes == 20'000 - 16 * 1024);
  REQUIRE(scene.notes.size() == 1);
  CHECK(scene.notes[0].request == "a");
  CHECK(scene.notes[0].text.find("3616 bytes") != std::string::npos);
}

TEST_CASE("a line that never ends does not gather in memory") {
  Scene scene;
  scene.pipe->begin_invocation("a");
  for (int i = 0; i < 20; ++i) {
    scene.print(std::string(8000, 'x'));
    scene.turn();
  }
  CHECK(scene.lines.empty());
  scene.pipe->end_invocation();
  REQUIRE(scene.lines.size() == 1);
  CHECK(scene.lines[0].text.size() == 16 * 1024);
  REQUIRE(scene.notes.size() == 1);
  CHECK(scene.dropped_bytes == 160'000 - 16 * 1024);
}

TEST_CASE("what is printed between two requests belongs to neither, also when it is read only later") {
  Scene scene;
  scene.pipe->begin_invocation("a");
  scene.print("of a\n");
  scene.pipe->end_invocation();
  scene.pipe->begin_invocation({});
  scene.print("of a thread that a left behind\n");
  scene.pipe->end_pause();
  scene.pipe->begin_invocation("b");
  scene.print("of b\n");
  scene.pipe->end_invocation();
  CHECK(scene.lines ==
        std::vector<Said>{{"a", "of a"}, {"", "of a thread that a left behind"}, {"b", "of b"}});
}

TEST_CASE("a pipe that its process has made larger is read to its end") {
  Scene scene;
  REQUIRE(::fcntl(scene.writer.get(), F_SETPIPE_SZ, 512 * 1024) >= 512 * 1024);
  scene.pipe->begin_invocation("a");
  for (int i = 0; i < 300; ++i) scene.print(std::string(1023, 'x') + "\n");
  scene.pipe->close();
  CHECK(scene.lines.size() == 300);
}

TEST_CASE("of one invocation a mebibyte is kept, and one note says that there was more") {
  Scene scene;
  scene.pipe->begin_invocation("a");
  scene.print_much(1'500'000);
  REQUIRE(scene.notes.size() == 1);
  CHECK(scene.notes[0].request == "a");
  CHECK(scene.notes[0].text.find("1 MiB") != std::string::npos);
  std::size_t kept = 0;
  for (const Said& line : scene.lines) kept += line.text.size() + 1;
  CHECK(kept <= 1 << 20);
  CHECK(kept > (1 << 20) - 70'000);
  CHECK(scene.dropped_bytes > 200'000);
}

TEST_CASE("of one second two mebibytes are kept, however many invocations print them") {
  Scene scene;
  for (int i = 0; i < 8; ++i) {
    scene.pipe->begin_invocation("request " + std::to_string(i));
    scene.print_much(900'000);
    scene.pipe->end_invocation();
  }
  // A slow machine may have seen several seconds; in each there is one note at most.
  CHECK_FALSE(scene.notes.empty());
  for (const Said& note : scene.notes) CHECK(note.text.find("2 MiB") != std::string::npos);
}

TEST_CASE("empty lines count, too: a flood of them is cut off as early as one of long lines") {
  Scene scene;
  scene.pipe->begin_invocation("a");
  const std::string nothing(4096, '\n');
  for (std::size_t printed = 0; printed < 3'000'000;) {
    printed += scene.print(nothing);
    scene.turn();
  }
  REQUIRE(scene.notes.size() == 1);
  CHECK(scene.notes[0].text.find("each line counts 128 bytes more") != std::string::npos);
  CHECK(scene.lines.size() == (1 << 20) / 129);
  CHECK(scene.dropped_bytes > 2'000'000);
}

TEST_CASE("a pipe that gives single bytes is read slowly after the first two thousand of a second") {
  test::ManualClock clock;
  TimerQueue timers{clock};
  Scene scene;
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK | O_DIRECT) == 0);
  const platform::UniqueFd writer(ends[1]);
  const auto pipe = std::make_shared<LogPipe>(scene.loop.get_executor(), timers, platform::UniqueFd(ends[0]),
                                              LogOrigin{"latte#1", 1, 1}, scene);
  pipe->start();
  const auto written_until_full = [&] {
    int written = 0;
    for (int tries = 0; tries < 5000; ++tries) {
      if (::write(writer.get(), "x", 1) == 1) ++written;
      scene.turn();
    }
    return written;
  };
  const int at_once = written_until_full();
  CHECK(at_once >= 2000);
  CHECK(at_once < 2100);
  clock.pass(std::chrono::milliseconds(10));
  timers.run_due();
  scene.turn();
  CHECK(written_until_full() < 5);
  pipe->end_invocation();
  REQUIRE(scene.lines.size() == 1);  // nothing is lost
  CHECK(scene.lines[0].text.size() >= 2000);
  pipe->close();
  scene.turn();
}

TEST_CASE("nothing is read before it is settled whose it is") {
  Scene scene;
  std::vector<std::string> turns{"a", "b", "c"};
  std::size_t asked = 0;
  // What is asked gives other requests their turn; only the third one can have printed.
  scene.pipe->before_reading([&] {
    scene.pipe->begin_invocation(turns[asked]);
    return ++asked == turns.size();
  });
  scene.print("of c\n");
  scene.turn();
  CHECK(scene.lines == std::vector<Said>{{"c", "of c"}});
  CHECK(asked == 3);
  scene.pipe->before_reading({});
}
