#include "storm/simulated_source.h"

#include <algorithm>

#include "platform/channel.h"

namespace coffees::storm {

using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

class SimulatedHandle final : public ProcessHandle {
 public:
  explicit SimulatedHandle(std::shared_ptr<SimulatedProcess> process) : process_(std::move(process)) {}
  [[nodiscard]] int pid() const override { return process_->pid(); }
  [[nodiscard]] bool is_open() const override { return true; }
  void kill() override { process_->kill(); }
  void ask_to_end() override { process_->ask_to_end(); }
  void kill_remains() override {}

 private:
  std::shared_ptr<SimulatedProcess> process_;
};

}  // namespace

Task<StartResult> SimulatedSource::start(WorkerNumber number) {
  StartResult result;
  const Duration boot =
      world_.random.between(microseconds(300), milliseconds(world_.random.chance(5) ? 400 : 5));
  co_await sleep_until(world_.timers, world_.now() + boot);
  if (world_.random.chance(faults_.start_fails)) {
    const bool init = world_.random.chance(50);
    result.failure =
        Outcome::failure(init ? Outcome::Kind::init_failed : Outcome::Kind::no_resources, "of the storm");
    co_return result;
  }
  auto [ours, theirs] = platform::make_channel(true, false);
  auto [log_ours, log_theirs] = platform::make_log_pipe();
  auto worker = std::make_unique<ProcessWorker>(world_.loop.get_executor(), world_.timers, settings_, number,
                                                std::move(ours), std::move(log_ours), sink_, poller_);
  const platform::UniqueFd mail = worker->take_mail_descriptor();
  auto process = std::make_shared<SimulatedProcess>(
      world_, faults_, static_cast<int>(number), std::move(theirs), std::move(log_theirs), mail.get(),
      poller_.descriptor(), [this, number](platform::ExitStatus status) {
        const auto running = running_.extract(number);
        if (running.empty() || running.mapped().worker == nullptr) return;
        ProcessWorker& ended = *running.mapped().worker;
        ended.ended(status);
        worker_ended(number, ended.how_it_ended());
      });
  worker->take_process(std::make_unique<SimulatedHandle>(process));
  worker->on_destruction([this, number] {
    const auto found = running_.find(number);
    if (found != running_.end()) found->second.worker = nullptr;
  });
  running_[number] = {.process = std::move(process), .worker = worker.get()};
  result.worker = std::move(worker);
  result.cold_start.boot = boot;
  co_return result;
}

bool SimulatedSource::look() {
  bool any = false;
  for (const auto& [number, running] : running_) any = running.process->look() || any;
  return any;
}

std::size_t SimulatedSource::alive() const {
  return static_cast<std::size_t>(std::count_if(running_.begin(), running_.end(),
                                                [](const auto& one) { return one.second.process->alive(); }));
}

}  // namespace coffees::storm
