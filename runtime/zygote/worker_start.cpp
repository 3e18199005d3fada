// One worker's start: the command to the zygote, and what the new process says first.
#include <array>
#include <cstring>

#include "platform/channel.h"
#include "platform/syscall.h"
#include "zygote/function_processes.h"

namespace coffees::zygote {
namespace {

using platform::SendState;

constexpr auto kLookAtZygoteEvery = std::chrono::milliseconds(50);

Duration between(std::int64_t from, std::int64_t to) {
  return Duration(std::max<std::int64_t>(to - from, 0));
}

// While it lives, reports about this worker are expected.
class Starting {
 public:
  Starting(std::unordered_set<WorkerNumber>& all, WorkerNumber number) : all_(all), number_(number) {
    all_.insert(number);
  }
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;
  ~Starting() { all_.erase(number_); }

 private:
  std::unordered_set<WorkerNumber>& all_;
  WorkerNumber number_;
};

}  // namespace

Task<StartResult> ZygoteSource::start(WorkerNumber number) {
  const TimePoint asked = timers_.now();
  StartResult result;
  const Starting registered(starting_, number);
  // Again when a process died under the command: nothing had reached a handler.
  int silences = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const bool has_to_wait = !is_ready();
    result.failure = co_await prepare();
    if (!ok(result.failure)) co_return result;
    const Duration waited = timers_.now() - asked;
    result.cold_start = {};
    result.cold_start.add("zygote", waited);
    // What this start waited for the zygote's init, not what that init took in all: it may have begun long
    // before.
    const std::shared_ptr<Zygote> zygote = zygote_;
    if (has_to_wait) result.cold_start.init = std::min(zygote->init_time, waited);

    bool lost = false;
    try {
      auto [ours, theirs] = platform::make_channel(true, true);
      auto [log_ours, log_theirs] = platform::make_log_pipe();
      auto worker = std::make_unique<ProcessWorker>(loop_.get_executor(), timers_, settings_.process, number,
                                                    std::move(ours), std::move(log_ours), sink_, poller_);
      platform::UniqueFd mail = worker->take_mail_descriptor();
      if (!co_await send_fork(zygote, number, std::move(theirs), std::move(log_theirs), std::move(mail)))
        continue;
      result.failure = co_await complete_start(*worker, number, zygote, result.cold_start, lost);
      if (ok(result.failure)) {
        result.cold_start.boot = timers_.now() - asked - result.cold_start.init;
        result.worker = std::move(worker);
        co_return result;
      }
      worker->kill();
    } catch (const std::exception& error) {
      result.failure = no_resources(error.what());
    }
    // A second zygote that is silent has the same reason to be.
    if (result.failure.kind == Outcome::Kind::init_failed && lost) ++silences;
    if (!lost || silences > 1) co_return result;
  }
  if (ok(result.failure))
    result.failure = no_resources("the zygote of " + settings_.process.function +
                                  " ended at every attempt to start a worker");
  co_return result;
}

// Returns false when the zygote is gone. The ends that are handed over are closed here in any case.
Task<bool> ZygoteSource::send_fork(const std::shared_ptr<Zygote>& zygote, WorkerNumber number,
                                   platform::UniqueFd channel, platform::UniqueFd log,
                                   platform::UniqueFd mail) {
  const ForkWorker command{.worker = number};
  const std::array<int, 3> descriptors{channel.get(), log.get(), mail.get()};
  while (!zygote->gone) {
    switch (
        platform::send_message(zygote->channel.native_handle(), platform::bytes_of(command), descriptors)) {
      case SendState::sent:
        co_return true;
      case SendState::closed:
        zygote->gone = true;
        break;
      case SendState::would_block: {
        ErrorCode error;
        co_await zygote->channel.async_wait(Descriptor::wait_write, asio::redirect_error(UseTask(), error));
        if (error) zygote->gone = true;
      }
    }
  }
  co_return false;
}

// Reads the worker's first packets. `lost`: no worker came of it and no handler code ran, so the start may be
// repeated.
Task<Outcome> ZygoteSource::complete_start(ProcessWorker& worker, WorkerNumber number,
                                           const std::shared_ptr<Zygote>& zygote, ColdStart& cold_start,
                                           bool& lost) {
  const TimePoint sent = timers_.now();
  const TimePoint limit = sent + std::max<Duration>(settings_.init_timeout, kLaunchTimeout);
  ProcessWorker::StartPacket first;
  // In pieces: a zygote may have died under the command, and something it left behind may keep its channel
  // open. While workers of other starts come up, it only has many to start.
  do {
    const TimePoint piece = std::min<TimePoint>(limit, timers_.now() + kLookAtZygoteEvery);
    first = co_await worker.receive_start_packet(piece);
  } while (first.expired && !zygote->gone && timers_.now() < limit &&
           timers_.now() - std::max(sent, zygote->answered) < kSilence);
  if (first.arrived) zygote->answered = timers_.now();
  wire::Hello hello;
  std::string_view meta = first.packet.meta;
  if (first.arrived && first.packet.header.kind == wire::Kind::abort_notice) {
    // The library's fork handlers run before a worker says hello.
    worker.take_abort_notice(meta);
    LoadTrouble trouble;
    co_await worker.wait_ended();
    trouble.exit = worker.exit_status();
    trouble.how = "in a fork handler (pthread_atfork): " + worker.how_it_ended();
    co_return load_failure(trouble);
  }
  if (!first.arrived || first.packet.header.kind != wire::Kind::hello || !wire::take_meta(meta, hello)) {
    take_zygote_reports(*zygote);
    const auto failed_fork = zygote->failed_forks.extract(number);
    if (!failed_fork.empty()) co_return failed_step("a worker of", failed_fork.mapped());
    // Its forks may have come to nothing, or it is stopped, or hangs: no handler has run, and another zygote
    // may do it.
    lost = true;
    if (first.expired && !zygote->gone) {
      give_up(*zygote);
      co_return init_failed(worker.name() + " did not start, and no other worker did within two seconds",
                            "possible causes: a fork handler (pthread_atfork) of the library that waits, or "
                            "an overloaded machine");
    }
    co_return no_resources(worker.name() + " did not start");
  }
  if (hello.error != 0) {
    Report report{.error = hello.error};
    static_assert(sizeof report.step >= sizeof hello.step);
    std::memcpy(report.step, hello.step, sizeof hello.step - 1);
    co_return failed_step("a worker of", report);
  }
  if (!worker.has_process()) {
    lost = true;
    co_return no_resources(worker.name() + " ended as soon as it had started");
  }
  worker.on_end([this, number, &worker] { worker_ended(number, worker.how_it_ended()); });
  // If the zygote's library lies about the number, it stays unknown how its workers end, no more.
  if (running_.try_emplace(hello.pid_in_function, &worker).second)
    worker.on_destruction([this, pid = hello.pid_in_function, &worker] {
      const auto found = running_.find(pid);
      if (found != running_.end() && found->second == &worker) running_.erase(found);
    });
  cold_start.add("command", between(sent.time_since_epoch().count(), hello.command_received));
  cold_start.add("fork", between(hello.command_received, hello.forked));
  cold_start.add("isolate", between(hello.forked, hello.isolated));
  Outcome outcome;
  if (hello.initialises != 0) {
    outcome = co_await await_worker_init(worker, sent + settings_.init_timeout, cold_start);
  }
  co_return outcome;
}

// The library's own code runs: what it loads, and what it does in each worker.
Task<Outcome> ZygoteSource::await_worker_init(ProcessWorker& worker, TimePoint deadline,
                                              ColdStart& cold_start) {
  const ProcessWorker::StartPacket packet = co_await worker.receive_start_packet(deadline);
  std::string_view meta = packet.packet.meta;
  wire::Ready ready;
  if (packet.arrived && packet.packet.header.kind == wire::Kind::ready && wire::take_meta(meta, ready)) {
    if (loads_in_workers())
      cold_start.add("load", Duration(std::max<std::int64_t>(ready.load_nanoseconds, 0)));
    cold_start.init += Duration(std::max<std::int64_t>(ready.init_nanoseconds, 0));
    co_return success();
  }
  LoadTrouble trouble;
  trouble.timed_out = packet.expired;
  wire::Failure failure;
  std::string_view code;
  std::string_view message;
  if (packet.arrived && packet.packet.header.kind == wire::Kind::init_failed &&
      wire::take_meta(meta, failure) && wire::take_text(meta, failure.code_size, code) &&
      wire::take_text(meta, failure.message_size, message)) {
    trouble.failure.emplace(Report{.kind = ReportKind::load_failed});
    std::snprintf(trouble.failure->code, sizeof trouble.failure->code, "%.*s", static_cast<int>(code.size()),
                  code.data());
    std::snprintf(trouble.failure->text, sizeof trouble.failure->text, "%.*s",
                  static_cast<int>(message.size()), message.data());
  } else if (!packet.expired) {
    if (packet.arrived && packet.packet.header.kind == wire::Kind::abort_notice)
      worker.take_abort_notice(packet.packet.meta);
    co_await worker.wait_ended();
    trouble.exit = worker.exit_status();
    trouble.how = worker.how_it_ended();
  }
  co_return load_failure(trouble);
}

}  // namespace coffees::zygote
