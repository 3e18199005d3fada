#include "zygote/zygote_source.h"

#include "diagnostics/diagnostics.h"
#include "platform/syscall.h"
#include "worker/load_explanation.h"
#include "zygote/function_processes.h"

namespace coffees::zygote {

using diagnostics::Room;

namespace {

bool is_shortage(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

// The same for one more coroutine that waits for it.
Outcome repeated(const Outcome& prepared) {
  return Outcome::failure(prepared.kind, prepared.message, prepared.hint);
}

}  // namespace

Outcome no_resources(const std::string& what) {
  diagnostics::warn_seldom(Room::zygote, "no resources", "no worker can be started: " + what);
  return Outcome::failure(Outcome::Kind::no_resources, what,
                          "the machine may lack processes, descriptors or memory: use fewer workers, or "
                          "raise the limits (ulimit -u, -n)");
}

ZygoteSource::ZygoteSource(Loop& loop, TimerQueue& timers, SourceSettings settings, LogSink& sink)
    : loop_(loop),
      timers_(timers),
      settings_(std::move(settings)),
      sink_(sink),
      poller_(loop.get_executor(), timers),
      prepared_signal_(loop.get_executor()) {}

ZygoteSource::~ZygoteSource() { close(); }

Duration ZygoteSource::init_time() const { return zygote_ ? zygote_->init_time : Duration(0); }

SourceStatus ZygoteSource::status() const {
  SourceStatus status;
  status.init = init_time();
  status.fresh = loads_in_workers();
  status.failure = ok(prepared_) ? "" : prepared_.message;
  if (is_ready())
    status.state = "ready";
  else
    status.state = preparing_ || ok(prepared_) ? "loading" : "failed";
  return status;
}

int ZygoteSource::init_process() const { return init_ ? init_->process.get() : -1; }

void ZygoteSource::close() {
  closed_ = true;
  if (zygote_) {
    zygote_->gone = true;
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
    if (!preparing_) co_return repeated(prepared_);
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
  prepared(prepared_);
  co_return repeated(prepared_);
}

Outcome ZygoteSource::failed_step(const char* who, const Report& report) const {
  const std::string text = std::string(who) + " " + settings_.process.function +
                           " could not be set up: " + report.step + ": " + platform::error_text(report.error);
  if (is_shortage(report.error)) return no_resources(text);
  const bool of_files = std::string_view(report.step).starts_with("show ");
  return Outcome::failure(Outcome::Kind::init_failed, text,
                          of_files ? "check that it still exists: `files` or the handler library names it"
                                   : "the start-up report says what this host allows");
}

Outcome ZygoteSource::load_failure(const LoadTrouble& trouble) const {
  const std::string& function = settings_.process.function;
  if (trouble.failure && trouble.failure->kind == ReportKind::load_failed) {
    const std::string code = trouble.failure->code;
    const LoadExplanation why =
        explain_load_failure(code, trouble.failure->text, settings_.view.plugin, libraries_,
                             settings_.sandbox.level == platform::isolation::Level::full);
    return Outcome::failure(Outcome::Kind::init_failed, code + ": " + settings_.plugin + ": " + why.message,
                            why.hint);
  }
  const bool died = trouble.failure && trouble.failure->kind == ReportKind::died;
  if (trouble.failure && !died) return failed_step("the zygote of", *trouble.failure);
  if (trouble.timed_out)
    return Outcome::failure(Outcome::Kind::init_failed,
                            "E206: " + settings_.plugin + ": loading and init took longer than init_timeout",
                            "raise `init_timeout` of [functions." + function + "], or do less in init");
  std::string how = trouble.exit ? platform::describe(*trouble.exit) : "its init is gone";
  if (died) how = platform::describe(trouble.failure->notice);
  if (!trouble.how.empty()) how = trouble.how;
  return Outcome::failure(
      Outcome::Kind::init_failed, "E207: " + settings_.plugin + ": its process ended while loading: " + how,
      "what it printed is in the log; static constructors, COFFEES_INIT and COFFEES_WORKER_INIT run here");
}

}  // namespace coffees::zygote
