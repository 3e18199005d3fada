// Workers by fork: keeps a function's init and zygote running and has them make workers.
#pragma once

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "base/defaults.h"
#include "platform/isolation.h"
#include "worker/mailbox_poller.h"
#include "worker/plugin_libraries.h"
#include "worker/process_worker.h"
#include "worker_source/worker_source.h"
#include "zygote/control.h"

namespace coffees::zygote {

/// Everything a function's processes are started with.
struct SourceSettings {
  ProcessSettings process;  ///< of its workers
  platform::isolation::Sandbox sandbox;
  std::string worker_program;  ///< path of coffees-worker
  std::string plugin;          ///< path of the handler library; empty: none (a probe of the host)
  platform::View view;         ///< what the function sees of the host; the libraries come by themselves
  std::vector<std::string> environment;  ///< "NAME=value"
  bool fresh = false;                    ///< start = "fresh": workers load the library themselves
  Duration init_timeout = defaults::kInitTimeout;
};

/// Makes the workers of one function. Start-up is lazy and repairs itself: whatever of init and zygote is
/// missing when a worker is wanted is started first; a zygote that dies takes no worker with it, an init that
/// dies takes them all. Loop thread only. Destroying it ends the function's processes (its channel to init
/// closes).
class ZygoteSource : public WorkerSource {
 public:
  ZygoteSource(Loop& loop, TimerQueue& timers, SourceSettings settings, LogSink& sink);
  ~ZygoteSource() override;

  Task<StartResult> start(WorkerNumber number) override;

  /// Brings init and zygote up without a worker. Returns what failed, kind ok otherwise.
  Task<Outcome> prepare();
  /// How long the zygote's own init took; zero before it is done and with start = "fresh".
  [[nodiscard]] Duration init_time() const;
  [[nodiscard]] SourceStatus status() const override;
  /// True when the library's threads forbid a zygote, so that workers load it themselves whatever the
  /// configuration says.
  [[nodiscard]] bool forced_fresh() const { return forced_fresh_; }
  /// The handle of this function's init, or -1: readable (poll(2)) when everything of this function has
  /// ended.
  [[nodiscard]] int init_process() const;
  /// Lets go of init: it ends, and with it all that runs for this function.
  void close();

 private:
  struct Init;
  struct Zygote;
  struct LoadTrouble;

  std::string view_with_libraries(int plugin);
  Task<Outcome> launch_init();
  Task<Outcome> launch_zygote();
  Task<> read_init(std::shared_ptr<Init> init);
  Task<> read_zygote(std::shared_ptr<Zygote> zygote);
  void on_init_report(Init& init, const Report& report, std::vector<platform::UniqueFd>& descriptors);
  void init_gone(Init& init);
  void take_zygote_reports(Zygote& zygote);
  static void give_up(Zygote& zygote);
  [[nodiscard]] bool is_ready() const;
  Task<bool> send_fork(const std::shared_ptr<Zygote>& zygote, WorkerNumber number, platform::UniqueFd channel,
                       platform::UniqueFd log, platform::UniqueFd mail);
  Outcome load_failure(const LoadTrouble& trouble) const;
  [[nodiscard]] LogOrigin zygote_origin() const;
  Outcome failed_step(const char* who, const Report& report) const;
  Task<Outcome> complete_start(ProcessWorker& worker, WorkerNumber number,
                               const std::shared_ptr<Zygote>& zygote, ColdStart& cold_start, bool& lost);
  Task<Outcome> await_worker_init(ProcessWorker& worker, TimePoint deadline, ColdStart& cold_start);
  [[nodiscard]] bool loads_in_workers() const { return settings_.fresh || forced_fresh_; }

  Loop& loop_;
  TimerQueue& timers_;
  SourceSettings settings_;
  LogSink& sink_;
  MailboxPoller poller_;
  std::shared_ptr<Init> init_;
  std::shared_ptr<Zygote> zygote_;
  PluginLibraries libraries_;  ///< of the plugin as it was when init started
  bool preparing_ = false;
  Outcome prepared_;  ///< of the last attempt, for the starts that waited for it
  Signal prepared_signal_;
  std::unordered_map<std::int32_t, ProcessWorker*> running_;  ///< by pid in the function, as they say
  std::unordered_set<WorkerNumber> starting_;
  bool forced_fresh_ = false;
  bool closed_ = false;
};

}  // namespace coffees::zygote
