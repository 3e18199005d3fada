// Any bytes as what a worker sends while it has requests: the dispatcher's real handle on a worker, with the
// other sides of its mailbox, its channel and its log in the hands of the fuzzer, and no process.
//
// The input: one byte of flags, then packets, each behind its size in two bytes (little endian); those with
// the highest bit of the size set go by the mailbox, the others by the channel.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>

#include "base/field_syntax.h"
#include "front/answer.h"
#include "fuzz/answers.h"
#include "fuzz/targets.h"
#include "platform/channel.h"
#include "worker/mailbox_poller.h"
#include "worker/process_worker.h"

namespace coffees::fuzz {
namespace {

enum Flag : unsigned {
  kEndedBefore = 1,  ///< its end is known before it is asked for anything
  kTight = 2,        ///< max_body is 64 bytes
  kPrints = 4,       ///< the input is what it prints, too
  kCancelled = 8,    ///< the client leaves when no packet is left; else further requests are pipelined
  kAtOnce = 16,      ///< all packets are there before the dispatcher looks
  kLies = 32,        ///< it says that its mail is longer than it can be
  kTakes = 64,       ///< it takes its requests
  kLarge = 128,      ///< requests are too long for the mailbox
};

class CheckedSink : public LogSink {
 public:
  void line(const LogOrigin&, std::string_view, std::string_view line) override {
    require(line.size() <= std::size_t{16} * 1024 && line.find('\n') == std::string_view::npos,
            "a log line is one line of at most 16 KiB");
  }
  void note(const LogOrigin&, std::string_view, std::string_view) override {}
};

ProcessSettings settings(std::uint64_t max_body, MemoryBudget* budget) {
  return {.function = "latte", .max_body = max_body, .memory = 64 << 20, .budget = budget};
}

// What all inputs share. Nothing of one input is left for the next.
struct Stage {
  Loop loop;
  SystemClock clock;
  TimerQueue timers{loop.get_executor(), clock};
  MailboxPoller poller{loop.get_executor(), timers};
  CheckedSink sink;
  MemoryBudget budget{96 * 1024};
  ProcessSettings wide = settings(1 << 20, &budget);
  ProcessSettings tight = settings(64, nullptr);

  void turn() {
    loop.restart();
    loop.poll();
  }
};

struct Step {
  bool by_mail = false;
  std::string_view packet;
};

std::vector<Step> read_steps(std::string_view input) {
  std::vector<Step> steps;
  while (input.size() > 2 && steps.size() < 16) {
    const unsigned size =
        static_cast<unsigned char>(input[0]) | unsigned{static_cast<unsigned char>(input[1])} << 8;
    input.remove_prefix(2);
    steps.push_back({(size & 0x8000) != 0, input.substr(0, size & 0x7fff)});
    input.remove_prefix(steps.back().packet.size());
  }
  return steps;
}

class EndingHandle final : public ProcessHandle {
 public:
  [[nodiscard]] int pid() const override { return 1; }
  [[nodiscard]] bool is_open() const override { return true; }
  void kill() override {}
  void ask_to_end() override {}
  void kill_remains() override {}
  void see_end() { told_of_end(); }
};

// The worker's side.
class FakeWorker {
 public:
  FakeWorker(unsigned flags, platform::UniqueFd channel, const platform::UniqueFd& mail)
      : flags_(flags),
        channel_(std::move(channel)),
        memory_(platform::SharedMemory::map(mail.get(), sizeof(MailboxMemory))),
        mail_(static_cast<MailboxMemory*>(memory_.data())) {}

  void take_request(unsigned number) {
    if ((flags_ & kTakes) == 0) return;
    // As if it had begun with this one and nothing behind it.
    mail_->requests.line = (mail_->requests.line & ~std::uint64_t{0xffffffff}) | number;
    std::array<char, 1024> request;
    while (::recv(channel_.get(), request.data(), request.size(), MSG_DONTWAIT) > 0) {
    }
  }
  void send(const Step& step, unsigned number) {
    if (!step.by_mail) {
      platform::send_message(channel_.get(), step.packet);
      return;
    }
    const std::string_view packet = step.packet.substr(0, MailboxMemory::kRoom);
    MailboxMemory::Answers& answers = mail_->answers;
    std::memcpy(answers.bytes, packet.data(), packet.size());
    MailboxMemory::Slot& slot = answers.slots[number % MailboxMemory::kSlots];
    slot.offset = 0;
    slot.size = (flags_ & kLies) != 0 ? 0xffffffff : static_cast<std::uint32_t>(packet.size());
    answers.newest = number;
  }
  void close() { channel_.reset(); }

 private:
  unsigned flags_;
  platform::UniqueFd channel_;
  platform::SharedMemory memory_;
  MailboxMemory* mail_;
};

// One request on its way.
struct HandedOver final : TurnListener {
  Invocation invocation{.function = "latte", .request_id = "the-id", .method = "POST", .body = "milk"};
  Cancellation cancellation;
  std::optional<InvocationResult> result;
  void turn_begins(TimePoint) override {}
};

// Those that the worker has, the one that runs first.
class CallLine {
 public:
  CallLine(Loop& loop, ProcessWorker& worker, unsigned flags) : loop_(loop), worker_(worker), flags_(flags) {}

  HandedOver& front() {
    while (!all_.empty() && all_.front()->result && all_.front()->result->delivery == Delivery::revoked)
      all_.pop_front();
    if (all_.empty()) hand_over();
    return *all_.front();
  }
  void hand_over() {
    static const std::string large_body(2 * MailboxMemory::kRoom, 'm');
    HandedOver& call = *all_.emplace_back(std::make_unique<HandedOver>());
    if ((flags_ & kLarge) != 0) call.invocation.body = large_body;
    if ((flags_ & kCancelled) != 0) call.invocation.cancellation = &call.cancellation;
    spawn_detached(loop_.get_executor(), [](ProcessWorker& worker, HandedOver& mine) -> Task<> {
      InvocationResult result = co_await worker.invoke(mine.invocation, std::chrono::seconds(3), false, mine);
      mine.result = std::move(result);
    }(worker_, call));
  }
  void pop() {
    all_.pop_front();
    worker_.begin_next();
  }
  // Whether none is left but what was revoked.
  [[nodiscard]] bool done() const {
    return std::all_of(all_.begin(), all_.end(), [](const auto& call) {
      return call->result && call->result->delivery == Delivery::revoked;
    });
  }

 private:
  Loop& loop_;
  ProcessWorker& worker_;
  unsigned flags_;
  std::deque<std::unique_ptr<HandedOver>> all_;
};

void check_outcome(Outcome outcome, const ProcessSettings& settings) {
  using Kind = Outcome::Kind;
  const Kind kind = outcome.kind;
  require(kind == Kind::ok || kind == Kind::handler_error || kind == Kind::out_of_memory ||
              kind == Kind::crashed || kind == Kind::protocol_error || kind == Kind::response_too_large ||
              kind == Kind::over_budget || kind == Kind::client_gone,
          "an outcome is one of those that a worker can bring about");
  require(outcome.body.size() <= settings.max_body, "an answer is not longer than max_body");
  require(outcome.usage.cpu.count() >= 0, "no time is negative");
  if (kind == Kind::ok) {
    const FieldCheck fields = check_fields(outcome.headers);
    require(fields.well_formed && fields.forbidden.empty(), "an answer has fields that HTTP allows");
  }
  if (kind == Kind::client_gone) return;  // nobody is answered
  // Bodies that look like a further answer are how read_answers() tells HEAD: begin them with something else.
  if (!outcome.body.empty())
    outcome.body = std::string_view("{" + std::string(outcome.body.view().substr(1)));
  const int status = status_of(outcome);
  const bool has_body = !outcome.body.empty();
  outcome.worker_number = 1;
  static const SystemClock clock;
  static http::Scratch scratch(clock);
  const http::AnswerFrame frame{.scratch = scratch, .request_id = "0192d3c4-0000-7000-8000-000000000001"};
  const http::Answer answer = front::answer_to(std::move(outcome), settings.function, frame);
  const std::string bytes = answer.head + answer.body + std::string(answer.content.view());
  const SeenAnswers seen = read_answers(bytes);
  require(seen.final_ones.size() == 1 && seen.continues == 0, "one outcome is one answer");
  require(seen.final_ones[0].status == status, "an answer has its outcome's status");
  require(!seen.final_ones[0].bodiless || !has_body, "an answer brings its body along");
}

}  // namespace

void wire(std::string_view input) {
  static Stage stage;
  if (input.empty() || input.size() > 4096) return;
  const unsigned flags = static_cast<unsigned char>(input.front());
  const std::vector<Step> steps = read_steps(input.substr(1));
  const ProcessSettings& settings = (flags & kTight) != 0 ? stage.tight : stage.wide;
  const platform::ExitStatus exit{.code = 0, .signal = 11};

  auto [ours, theirs] = platform::make_channel(true, false);
  auto [log_ours, log_theirs] = platform::make_log_pipe();
  if ((flags & kPrints) != 0)
    require(::write(log_theirs.get(), input.data(), input.size()) > 0, "a pipe takes a page");
  {
    ProcessWorker worker(stage.loop.get_executor(), stage.timers, settings, 1, std::move(ours),
                         std::move(log_ours), stage.sink, stage.poller);
    FakeWorker fake(flags, std::move(theirs), worker.take_mail_descriptor());
    auto process = std::make_unique<EndingHandle>();
    EndingHandle& handle = *process;
    worker.take_process(std::move(process));
    const auto end_process = [&] {
      handle.see_end();
      worker.end_reported(exit);
    };
    if ((flags & kEndedBefore) != 0) end_process();
    std::size_t played = 0;
    bool goes_on = true;
    CallLine calls(stage.loop, worker, flags);
    const auto end_worker = [&] {
      fake.close();
      stage.turn();
      end_process();
      stage.turn();
    };
    for (unsigned number = 1; goes_on; ++number) {
      HandedOver& call = calls.front();
      stage.turn();
      if (!call.result && worker.can_pipeline(call.invocation)) {
        calls.hand_over();
        stage.turn();
      }
      fake.take_request(number);
      while (!call.result && played < steps.size()) {
        fake.send(steps[played++], number);
        if ((flags & kAtOnce) == 0 || played == steps.size()) stage.turn();
      }
      if (!call.result && (flags & kCancelled) != 0) {
        call.cancellation.request();
        stage.turn();
      }
      if (!call.result) end_worker();
      require(call.result.has_value(), "a request whose worker has ended gets its outcome");
      const Outcome::Kind kind = call.result->outcome.kind;
      require(call.result->delivery == Delivery::started || kind != Outcome::Kind::ok,
              "what was answered was delivered");
      goes_on = (kind == Outcome::Kind::ok || kind == Outcome::Kind::handler_error) && played < steps.size();
      check_outcome(std::move(call.result->outcome), settings);
      if (!goes_on) worker.revoke_unstarted();
      calls.pop();
    }
    end_worker();
    while (!calls.done()) {
      stage.turn();
      require(calls.front().result.has_value(), "a request behind one that failed gets its outcome, too");
      calls.pop();
    }
  }
  stage.turn();
}

}  // namespace coffees::fuzz
