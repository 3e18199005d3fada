#include "zygote/zygote_source.h"

#include <array>
#include <cstring>

#include "platform/channel.h"
#include "platform/syscall.h"
#include "worker/plugin_file.h"

namespace coffees::zygote {
namespace {

using platform::ReceiveState;
using platform::SendState;

// Init and a zygote without a library do a fixed amount of work; a machine that needs longer is in trouble.
constexpr auto kLaunchTimeout = std::chrono::seconds(10);

Outcome success() { return {}; }
bool ok(const Outcome& outcome) { return outcome.kind == Outcome::Kind::ok; }

Outcome no_resources(const std::string& what) {
  return Outcome::failure(
      Outcome::Kind::no_resources, what,
      "the machine refused it now: fewer workers, or higher limits (ulimit -u, -n), would help");
}

bool is_shortage(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

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

// Receives one Report; anything else on such a channel means that its other end has gone mad or gone.
bool receive_report(Descriptor& channel, Report& report, std::vector<platform::UniqueFd>& descriptors,
                    bool& closed) {
  platform::Received received =
      platform::receive_with_descriptors(channel.native_handle(), platform::writable_bytes_of(report));
  closed = false;
  if (received.state == ReceiveState::would_block) return false;
  closed =
      received.state != ReceiveState::message || received.size != sizeof report || report.magic != kMagic;
  if (closed) return false;
  report.step[sizeof report.step - 1] = report.code[sizeof report.code - 1] =
      report.text[sizeof report.text - 1] = '\0';
  descriptors = std::move(received.descriptors);
  return true;
}

}  // namespace

// The init of this function, alive while its channel is.
struct ZygoteSource::Init {
  Init(const Executor& executor, platform::UniqueFd end)
      : channel(executor, end.release()), changed(executor) {}
  Descriptor channel;
  Signal changed;
  platform::UniqueFd process;
  bool sandboxed = false;
  bool gone = false;
  std::optional<Report> failure;
};

// Why a handler library did not come to life, in a zygote or in a worker.
struct ZygoteSource::LoadTrouble {
  bool timed_out = false;
  std::optional<Report> failure;
  std::optional<platform::ExitStatus> exit;
};

// One zygote, from its start to its death.
struct ZygoteSource::Zygote : LoadTrouble {
  Zygote(const Executor& executor, platform::UniqueFd end)
      : channel(executor, end.release()), changed(executor) {}
  Descriptor channel;
  Signal changed;
  platform::UniqueFd process;
  std::int32_t pid = 0;  ///< in the function's PID namespace; 0 before init has said it
  bool ready = false;
  bool gone = false;  ///< its channel is closed
  Duration init_time{0};
  std::uint32_t threads = 1;
  std::unordered_map<WorkerNumber, Report> failed_forks;
  std::shared_ptr<LogPipe> log;
};

ZygoteSource::ZygoteSource(Loop& loop, Deadlines& deadlines, SourceSettings settings, const LogSink& sink)
    : loop_(loop),
      deadlines_(deadlines),
      settings_(std::move(settings)),
      sink_(sink),
      prepared_signal_(loop.get_executor()) {}

ZygoteSource::~ZygoteSource() { close(); }

Duration ZygoteSource::init_time() const { return zygote_ ? zygote_->init_time : Duration(0); }

int ZygoteSource::init_process() const { return init_ ? init_->process.get() : -1; }

void ZygoteSource::close() {
  closed_ = true;
  if (zygote_) {
    zygote_->log->close();
    zygote_->channel.close();
  }
  if (init_ && init_->channel.is_open()) init_->channel.close();
}

bool ZygoteSource::is_ready() const {
  return init_ && !init_->gone && zygote_ && zygote_->ready && !zygote_->gone;
}

Task<Outcome> ZygoteSource::prepare() {
  while (preparing_) {
    co_await prepared_signal_.wait();
    if (!preparing_) co_return prepared_;
  }
  if (closed_) co_return Outcome::failure(Outcome::Kind::draining, "the server is stopping");
  if (is_ready()) co_return success();
  preparing_ = true;
  try {
    prepared_ = success();
    if (!init_ || init_->gone) prepared_ = co_await launch_init();
    if (ok(prepared_)) prepared_ = co_await launch_zygote();
  } catch (const std::exception& error) {
    prepared_ = no_resources(error.what());
  }
  preparing_ = false;
  prepared_signal_.notify();
  co_return prepared_;
}

Task<Outcome> ZygoteSource::launch_init() {
  PluginFile plugin;
  if (!settings_.plugin.empty()) {
    plugin = open_plugin(settings_.plugin);
    if (!plugin.fault.code.empty())
      co_return Outcome::failure(Outcome::Kind::init_failed, plugin.fault.code + ": " + plugin.fault.message,
                                 plugin.fault.hint);
  }
  auto [ours, theirs] = platform::make_channel(true, false);
  platform::spawn(settings_.worker_program, {}, theirs.get());
  theirs.reset();
  auto init = std::make_shared<Init>(loop_.get_executor(), std::move(ours));

  std::string environment;
  for (const std::string& assignment : settings_.environment) environment.append(assignment).push_back('\0');
  LaunchRequest request;
  request.environment_size = static_cast<std::uint32_t>(environment.size());
  request.sandbox = settings_.sandbox;
  std::snprintf(request.function, sizeof request.function, "%s", settings_.process.function.c_str());
  const int file = plugin.file.get();
  const std::array<std::string_view, 2> parts{platform::bytes_of(request), environment};
  platform::send_message(init->channel.native_handle(), parts,
                         file >= 0 ? std::span(&file, 1) : std::span<const int>());
  init_ = init;
  spawn_detached(loop_.get_executor(), read_init(init));

  Deadline limit(deadlines_, [&init] {
    init->gone = true;
    init->changed.notify();
  });
  limit.arm(Clock::now() + kLaunchTimeout);
  while (!init->sandboxed && !init->gone && !init->failure) co_await init->changed.wait();
  if (init->sandboxed) co_return success();
  init->gone = true;
  if (init->process) platform::kill_process(init->process.get());
  init->channel.close();
  if (init->failure) co_return failed_step("the sandbox of", *init->failure);
  co_return no_resources("the init process of " + settings_.process.function + " did not come up");
}

Outcome ZygoteSource::failed_step(const char* who, const Report& report) const {
  const std::string text = std::string(who) + " " + settings_.process.function +
                           " could not be set up: " + report.step + ": " + platform::error_text(report.error);
  if (is_shortage(report.error)) return no_resources(text);
  return Outcome::failure(Outcome::Kind::init_failed, text, "the start-up report says what this host allows");
}

Task<> ZygoteSource::read_init(std::shared_ptr<Init> init) {
  while (true) {
    ErrorCode error;
    co_await init->channel.async_wait(Descriptor::wait_read, asio::redirect_error(UseTask(), error));
    if (error || !init->channel.is_open()) break;
    Report report;
    std::vector<platform::UniqueFd> descriptors;
    bool closed = false;
    while (receive_report(init->channel, report, descriptors, closed))
      on_init_report(*init, report, descriptors);
    if (closed) break;
  }
  init_gone(*init);
}

void ZygoteSource::on_init_report(Init& init, const Report& report,
                                  std::vector<platform::UniqueFd>& descriptors) {
  switch (report.kind) {
    case ReportKind::launched:
      if (!descriptors.empty()) init.process = std::move(descriptors.front());
      break;
    case ReportKind::sandboxed:
      init.sandboxed = true;
      break;
    case ReportKind::failed:
      init.failure = report;
      break;
    case ReportKind::zygote_started:
      if (!zygote_) break;
      if (!descriptors.empty()) zygote_->process = std::move(descriptors.front());
      zygote_->pid = report.pid;
      break;
    case ReportKind::zygote_ended:
      // The end of a former zygote may be reported after a new one was asked for.
      if (zygote_ && zygote_->pid == report.pid) {
        take_zygote_reports(*zygote_);  // its last words may still lie there
        zygote_->exit = report.status;
        // Whatever its library started may still hold the other end of the channel: it does not close by
        // itself then.
        zygote_->gone = true;
        zygote_->channel.close();
        zygote_->changed.notify();
      }
      break;
    case ReportKind::child_ended: {
      const auto found = running_.find(report.pid);
      if (found == running_.end()) break;
      const auto [number, worker] = found->second;
      running_.erase(found);
      worker->ended(report.status);
      worker_ended(number);
      break;
    }
    case ReportKind::loaded:
    case ReportKind::load_failed:
    case ReportKind::fork_failed:
      break;  // not init's to say
  }
  init.changed.notify();
}

void ZygoteSource::init_gone(Init& init) {
  init.gone = true;
  init.changed.notify();
  if (init_.get() != &init) return;
  // The kernel has killed all of them with their namespace; nobody is left who could say it one by one.
  for (auto& [pid, entry] : std::exchange(running_, {})) {
    entry.second->kill();
    entry.second->ended({.code = 0, .signal = 9});
    worker_ended(entry.first);
  }
  if (zygote_) {
    zygote_->gone = true;
    zygote_->changed.notify();
  }
}

Task<Outcome> ZygoteSource::launch_zygote() {
  auto [ours, theirs] = platform::make_channel(true, false);
  auto [log_ours, log_theirs] = platform::make_log_pipe();
  auto zygote = std::make_shared<Zygote>(loop_.get_executor(), std::move(ours));
  zygote->log = std::make_shared<LogPipe>(loop_.get_executor(), deadlines_, std::move(log_ours),
                                          settings_.process.function + "#zygote", sink_);
  zygote->log->start();
  const StartZygote command{.load_library = loads_in_workers() || settings_.plugin.empty() ? 0U : 1U};
  const std::array<int, 2> descriptors{theirs.get(), log_theirs.get()};
  const std::shared_ptr<Init> init = init_;
  if (platform::send_message(init->channel.native_handle(), platform::bytes_of(command), descriptors) !=
      SendState::sent)
    co_return no_resources("the init process of " + settings_.process.function + " is gone");
  theirs.reset();
  log_theirs.reset();
  zygote_ = zygote;
  spawn_detached(loop_.get_executor(), read_zygote(zygote));

  Deadline limit(deadlines_, [&zygote] {
    zygote->timed_out = true;
    zygote->changed.notify();
  });
  limit.arm(Clock::now() + settings_.init_timeout);
  while (!zygote->ready && !zygote->failure && !zygote->timed_out && !zygote->exit && !init->gone)
    co_await zygote->changed.wait();
  limit.disarm();
  if (zygote->ready && zygote->threads > 1 && !forced_fresh_) {
    // Forked copies would lack these threads: from now on each worker loads the library itself.
    forced_fresh_ = true;
    zygote->channel.close();
    if (zygote->process) platform::kill_process(zygote->process.get());
    sink_(settings_.process.function + "#zygote", "",
          "the library starts threads of its own when it is loaded: workers load it themselves, as with "
          "start = \"fresh\"");
    co_return co_await launch_zygote();
  }
  if (zygote->ready) {
    zygote->log->begin_invocation({});  // the log of its start has had its share
    co_return success();
  }
  zygote->gone = true;
  if (zygote->process) platform::kill_process(zygote->process.get());
  zygote->log->close();
  co_return load_failure(*zygote);
}

Outcome ZygoteSource::load_failure(const LoadTrouble& trouble) const {
  const std::string& function = settings_.process.function;
  if (trouble.failure && trouble.failure->kind == ReportKind::load_failed)
    return Outcome::failure(
        Outcome::Kind::init_failed,
        std::string(trouble.failure->code) + ": " + settings_.plugin + ": " + trouble.failure->text,
        "coffees check " + settings_.plugin);
  if (trouble.failure) return failed_step("the zygote of", *trouble.failure);
  if (trouble.timed_out)
    return Outcome::failure(Outcome::Kind::init_failed,
                            "E206: " + settings_.plugin + ": loading and init took longer than init_timeout",
                            "raise `init_timeout` of [functions." + function + "], or do less in init");
  const std::string how = trouble.exit ? platform::describe(*trouble.exit) : "its init is gone";
  return Outcome::failure(Outcome::Kind::init_failed,
                          "E207: " + settings_.plugin + ": its process ended while loading: " + how,
                          "what it printed is in the log; static constructors and COFFEES_INIT run here");
}

// A zygote has run handler code: what it says counts for itself only, and only in answer to what was asked.
// Not more than a few reports per turn, so that a mad one does not hold up the loop.
void ZygoteSource::take_zygote_reports(Zygote& zygote) {
  constexpr int most_per_turn = 32;
  Report report;
  std::vector<platform::UniqueFd> none;
  bool closed = false;
  for (int i = 0; i < most_per_turn && !zygote.gone && receive_report(zygote.channel, report, none, closed);
       ++i) {
    const bool starting = !zygote.ready && !zygote.failure;
    if (report.kind == ReportKind::loaded && starting) {
      zygote.ready = true;
      zygote.threads = report.threads;
      zygote.init_time = Duration(std::max<std::int64_t>(report.nanoseconds, 0));
    } else if (report.kind == ReportKind::fork_failed && starting_.contains(report.worker)) {
      zygote.failed_forks[report.worker] = report;
    } else if (starting) {
      zygote.failure = report;
    } else {
      zygote.gone = true;
      if (zygote.process) platform::kill_process(zygote.process.get());
    }
  }
  if (closed) zygote.gone = true;
  zygote.changed.notify();
}

Task<> ZygoteSource::read_zygote(std::shared_ptr<Zygote> zygote) {
  while (!zygote->gone) {
    ErrorCode error;
    co_await zygote->channel.async_wait(Descriptor::wait_read, asio::redirect_error(UseTask(), error));
    if (error) break;
    take_zygote_reports(*zygote);
  }
  zygote->gone = true;
  zygote->log->close();
  zygote->changed.notify();
}

Task<StartResult> ZygoteSource::start(WorkerNumber number) {
  const TimePoint asked = Clock::now();
  StartResult result;
  const Starting registered(starting_, number);
  // Again when a process died under the command: nothing had reached a handler.
  for (int attempt = 0; attempt < 3; ++attempt) {
    const bool has_to_wait = !is_ready();
    result.failure = co_await prepare();
    if (!ok(result.failure)) co_return result;
    const Duration waited = Clock::now() - asked;
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
      auto worker = std::make_unique<ProcessWorker>(loop_.get_executor(), deadlines_, settings_.process,
                                                    settings_.process.function + "#" + std::to_string(number),
                                                    std::move(ours), std::move(log_ours), sink_);
      if (!co_await send_fork(zygote, number, std::move(theirs), std::move(log_theirs))) continue;
      result.failure = co_await complete_start(*worker, number, asked, result.cold_start, lost);
      if (ok(result.failure)) {
        result.worker = std::move(worker);
        co_return result;
      }
      worker->kill();
    } catch (const std::exception& error) {
      result.failure = no_resources(error.what());
    }
    if (!lost) co_return result;
  }
  if (ok(result.failure))
    result.failure = no_resources("the zygote of " + settings_.process.function + " keeps dying");
  co_return result;
}

// Returns false when the zygote is gone. The ends that are handed over are closed here in any case.
Task<bool> ZygoteSource::send_fork(const std::shared_ptr<Zygote>& zygote, WorkerNumber number,
                                   platform::UniqueFd channel, platform::UniqueFd log) {
  const ForkWorker command{.worker = number};
  const std::array<int, 2> descriptors{channel.get(), log.get()};
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
Task<Outcome> ZygoteSource::complete_start(ProcessWorker& worker, WorkerNumber number, TimePoint asked,
                                           ColdStart& cold_start, bool& lost) {
  const std::shared_ptr<Zygote> zygote = zygote_;
  const TimePoint sent = Clock::now();
  const ProcessWorker::StartPacket first =
      co_await worker.receive_start_packet(sent + std::max<Duration>(settings_.init_timeout, kLaunchTimeout));
  wire::Hello hello;
  std::string_view meta = first.packet.meta;
  if (!first.arrived || first.packet.header.kind != wire::Kind::hello || !wire::take_meta(meta, hello)) {
    take_zygote_reports(*zygote);
    const auto failed_fork = zygote->failed_forks.extract(number);
    if (!failed_fork.empty()) co_return failed_step("a worker of", failed_fork.mapped());
    // A zygote that does not answer for so long is not going to.
    if (first.expired) {
      zygote->gone = true;
      if (zygote->process) platform::kill_process(zygote->process.get());
    }
    lost = !first.expired;
    co_return no_resources(worker.name() + " did not come up");
  }
  if (hello.error != 0) {
    Report report{.error = hello.error};
    std::memcpy(report.step, hello.step, sizeof report.step - 1);
    co_return failed_step("a worker of", report);
  }
  if (!worker.has_process()) {
    lost = true;
    co_return no_resources(worker.name() + " ended as soon as it had come up");
  }
  // Two workers of one number: the zygote's library lies, and the end of one would be taken for the other's.
  if (running_.contains(hello.pid_in_function))
    co_return no_resources(worker.name() + " came up under another's number");
  running_[hello.pid_in_function] = {number, &worker};
  worker.on_destruction([this, pid = hello.pid_in_function, &worker] {
    const auto found = running_.find(pid);
    if (found != running_.end() && found->second.second == &worker) running_.erase(found);
  });
  cold_start.add("command", between(sent.time_since_epoch().count(), hello.command_received));
  cold_start.add("fork", between(hello.command_received, hello.forked));
  cold_start.add("isolate", between(hello.forked, hello.isolated));
  Outcome outcome;
  if (loads_in_workers() && !settings_.plugin.empty()) {
    outcome = co_await await_fresh_init(worker, sent + settings_.init_timeout, cold_start);
  }
  cold_start.boot = Clock::now() - asked - cold_start.init;
  co_return outcome;
}

Task<Outcome> ZygoteSource::await_fresh_init(ProcessWorker& worker, TimePoint deadline,
                                             ColdStart& cold_start) {
  const ProcessWorker::StartPacket packet = co_await worker.receive_start_packet(deadline);
  std::string_view meta = packet.packet.meta;
  wire::Ready ready;
  if (packet.arrived && packet.packet.header.kind == wire::Kind::ready && wire::take_meta(meta, ready)) {
    cold_start.add("load", Duration(std::max<std::int64_t>(ready.load_nanoseconds, 0)));
    cold_start.init = Duration(std::max<std::int64_t>(ready.init_nanoseconds, 0));
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
    trouble.exit = co_await worker.wait_ended();
  }
  co_return load_failure(trouble);
}

}  // namespace coffees::zygote
