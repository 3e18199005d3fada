// ZygoteSource: how a function's init and zygote are started, heard, and found to be gone.
#include <array>
#include <cstring>
#include <set>

#include "diagnostics/diagnostics.h"
#include "platform/channel.h"
#include "platform/syscall.h"
#include "worker/plugin_file.h"
#include "zygote/function_processes.h"
#include "zygote/zygote_source.h"

namespace coffees::zygote {
namespace {

using diagnostics::Room;
using platform::ReceiveState;
using platform::SendState;

// Receives one Report; anything else on such a channel means that the peer is broken or closed.
bool receive_report(Descriptor& channel, Report& report, std::vector<platform::UniqueFd>& descriptors,
                    bool& closed) {
  platform::Received received;
  try {
    received =
        platform::receive_with_descriptors(channel.native_handle(), platform::writable_bytes_of(report));
  } catch (const platform::SystemError& error) {
    received.state = ReceiveState::closed;  // what cannot be heard is replaced like what has ended
    diagnostics::warn_seldom(
        Room::zygote, "channel",
        std::string("reports of a function's processes cannot be received: ") + error.what());
  }
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

// What the function is shown, and the libraries that its plugin leads to, as they are now.
std::string ZygoteSource::view_with_libraries(int plugin) {
  using Kind = platform::Shown::Kind;
  platform::View view{.plugin = settings_.view.plugin, .shown = settings_.view.shown, .trees = {}};
  libraries_ = {};
  if (plugin < 0) return view.pack();
  libraries_ = find_libraries(view.plugin, plugin);
  std::set<std::string> places;
  for (const NeededLibrary& library : libraries_.needed) {
    const std::string place = platform::kLibrariesFolder + library.path;
    // Below full the host's own paths are right already.
    if (!library.beside_plugin && settings_.sandbox.level != platform::isolation::Level::full) continue;
    if (places.insert(place).second) view.shown.push_back({Kind::read_only, library.path, place});
    if (!library.beside_plugin) view.shown.push_back({Kind::inside_link, place, library.path});
  }
  return view.pack();
}

Task<Outcome> ZygoteSource::launch_init() {
  PluginFile plugin;
  if (!settings_.plugin.empty()) {
    plugin = open_plugin(settings_.plugin);
    if (!plugin.fault.code.empty())
      co_return Outcome::failure(Outcome::Kind::init_failed, plugin.fault.code + ": " + plugin.fault.message,
                                 plugin.fault.hint);
  }
  const std::string view = view_with_libraries(plugin.file.get());
  std::string environment;
  for (const std::string& assignment : settings_.environment) environment.append(assignment).push_back('\0');
  LaunchRequest request;
  request.environment_size = static_cast<std::uint32_t>(environment.size());
  request.view_size = static_cast<std::uint32_t>(view.size());
  request.sandbox = settings_.sandbox;
  std::snprintf(request.function, sizeof request.function, "%s", settings_.process.function.c_str());
  if (sizeof request + environment.size() + view.size() > kLongestLaunch)
    co_return Outcome::failure(
        Outcome::Kind::init_failed,
        "E209: " + settings_.process.function + ": the paths of its files and libraries are too long in all",
        "name the folder that holds them instead of each file");

  auto [ours, theirs] = platform::make_channel(true, false);
  platform::spawn(settings_.worker_program, {}, theirs.get());
  theirs.reset();
  auto init = std::make_shared<Init>(loop_.get_executor(), std::move(ours));

  const int file = plugin.file.get();
  const std::array<std::string_view, 3> parts{platform::bytes_of(request), environment, view};
  platform::send_message(init->channel.native_handle(), parts,
                         file >= 0 ? std::span(&file, 1) : std::span<const int>());
  init_ = init;
  spawn_detached(loop_.get_executor(), read_init(init));

  Deadline limit(timers_, [&init] {
    init->gone = true;
    init->changed.notify();
  });
  limit.arm(timers_.now() + kLaunchTimeout);
  while (!init->sandboxed && !init->gone && !init->failure) co_await init->changed.wait();
  if (init->sandboxed) co_return success();
  init->gone = true;
  if (init->process) platform::kill_process(init->process.get());
  init->channel.close();
  if (init->failure) co_return failed_step("the sandbox of", *init->failure);
  co_return no_resources("the init process of " + settings_.process.function + " did not start");
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
        if (zygote_->ready && !zygote_->given_up && !closed_)
          diagnostics::warn(Room::zygote, "the zygote of " + settings_.process.function + " " +
                                              (report.status.signal == 0 ? "ended: " : "died: ") +
                                              platform::describe(report.status) +
                                              "; the next worker is started by a new one");
        take_zygote_reports(*zygote_);  // its abort notice may still lie there
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
      ProcessWorker* const worker = found->second;
      running_.erase(found);
      worker->end_reported(report.status);
      break;
    }
    case ReportKind::loaded:
    case ReportKind::died:
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
  if (!closed_ && zygote_ && zygote_->ready)
    diagnostics::warn(Room::zygote,
                      "the init process of " + settings_.process.function +
                          " has ended, and all workers with it; the next request starts new ones");
  // The kernel has killed all of them with their namespace; no process is left that could report each.
  for (auto& [pid, worker] : std::exchange(running_, {})) {
    worker->kill();
    worker->end_reported({.code = 0, .signal = 9}, "died: the init process of its function is gone");
  }
  if (zygote_) {
    zygote_->gone = true;
    zygote_->changed.notify();
  }
}

LogOrigin ZygoteSource::zygote_origin() const {
  return {.name = settings_.process.function, .function = settings_.process.index};
}

Task<Outcome> ZygoteSource::launch_zygote() {
  auto [ours, theirs] = platform::make_channel(true, false);
  auto [log_ours, log_theirs] = platform::make_log_pipe();
  auto zygote = std::make_shared<Zygote>(loop_.get_executor(), std::move(ours));
  zygote->log =
      std::make_shared<LogPipe>(loop_.get_executor(), timers_, std::move(log_ours), zygote_origin(), sink_);
  zygote->log->start();
  const StartZygote command{.load_library = loads_in_workers() || settings_.plugin.empty() ? 0U : 1U};
  const std::array<int, 3> descriptors{theirs.get(), log_theirs.get(), poller_.descriptor()};
  const std::shared_ptr<Init> init = init_;
  if (platform::send_message(init->channel.native_handle(), platform::bytes_of(command), descriptors) !=
      SendState::sent)
    co_return no_resources("the init process of " + settings_.process.function + " is gone");
  theirs.reset();
  log_theirs.reset();
  zygote_ = zygote;
  spawn_detached(loop_.get_executor(), read_zygote(zygote));

  Deadline limit(timers_, [&zygote] {
    zygote->timed_out = true;
    zygote->changed.notify();
  });
  limit.arm(timers_.now() + settings_.init_timeout);
  while (!zygote->ready && !zygote->failure && !zygote->timed_out && !zygote->exit && !init->gone)
    co_await zygote->changed.wait();
  limit.disarm();
  if (zygote->ready && zygote->threads > 1 && !forced_fresh_) {
    // Forked copies would lack these threads: from now on each worker loads the library itself.
    forced_fresh_ = true;
    give_up(*zygote);
    sink_.note(zygote_origin(), {},
               "the library starts threads of its own when it is loaded: workers load it themselves, as with "
               "start = \"fresh\"");
    co_return co_await launch_zygote();
  }
  if (zygote->ready && zygote->open_files > 0 && !loads_in_workers())
    sink_.note(zygote_origin(), {},
               "workers do not inherit the files that the library opened while it was loaded: " +
                   std::to_string(zygote->open_files) + " (" + zygote->open_names +
                   "); open them in COFFEES_WORKER_INIT");
  if (zygote->ready) {
    zygote->log->begin_invocation({});  // the log of its start has had its share
    co_return success();
  }
  give_up(*zygote);
  co_return load_failure(*zygote);
}

// Closed here, since its end may not close them: what its library has started may hold the other ends.
void ZygoteSource::give_up(Zygote& zygote) {
  zygote.gone = zygote.given_up = true;
  if (zygote.process) platform::kill_process(zygote.process.get());
  if (zygote.channel.is_open()) zygote.channel.close();
  zygote.log->close();
  zygote.changed.notify();
}

// A zygote has run handler code: what it says counts for itself only, and only in answer to what was asked.
// Not more than a few reports per turn, so that one that talks without end does not hold up the loop.
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
      zygote.open_files = report.open_files;
      zygote.open_names = report.text;
      zygote.init_time = Duration(std::max<std::int64_t>(report.nanoseconds, 0));
    } else if (report.kind == ReportKind::fork_failed && starting_.contains(report.worker)) {
      zygote.answered = timers_.now();
      zygote.failed_forks[report.worker] = report;
    } else if (starting) {
      zygote.failure = report;
    } else {
      diagnostics::warn_seldom(Room::zygote, "unasked " + settings_.process.function,
                               "the zygote of " + settings_.process.function +
                                   " sent a report that was not asked for; it is replaced");
      give_up(zygote);
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

}  // namespace coffees::zygote
