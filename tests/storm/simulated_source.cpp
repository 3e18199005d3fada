#include "storm/simulated_source.h"

#include <algorithm>

#include "platform/channel.h"

namespace coffees::storm {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class SimulatedHandle final : public ProcessHandle {
 public:
  explicit SimulatedHandle(std::shared_ptr<SimulatedProcess> process) : process_(std::move(process)) {}
  [[nodiscard]] int pid() const override { return process_->pid(); }
  [[nodiscard]] bool is_open() const override { return true; }
  void kill() override { process_->kill(); }
  void ask_to_end() override { process_->ask_to_end(); }
  void kill_remains() override {}
  void see_end() { told_of_end(); }

 private:
  std::shared_ptr<SimulatedProcess> process_;
};

Task<StartResult> SimulatedSource::start(WorkerNumber number) {
  const TimePoint asked = world_.now();
  co_await sleep_until(world_.timers, asked + world_.random.between(microseconds(300), longest_boot()));
  const bool faulty = world_.random.chance(faults_.start_fails);
  const Fault fault = faulty ? static_cast<Fault>(1 + world_.random.below(4)) : Fault::none;
  if (fault == Fault::hangs) co_await sleep_until(world_.timers, world_.now() + milliseconds(2000));
  StartResult result = fault == Fault::init_failed || fault == Fault::no_resources
                           ? failure(fault)
                           : make_worker(number, fault == Fault::dead);
  result.cold_start.boot = world_.now() - asked;
  co_return result;
}

Duration SimulatedSource::longest_boot() { return milliseconds(world_.random.chance(5) ? 400 : 5); }

StartResult SimulatedSource::failure(Fault fault) {
  StartResult result;
  result.failure = Outcome::failure(
      fault == Fault::init_failed ? Outcome::Kind::init_failed : Outcome::Kind::no_resources, "of the storm");
  return result;
}

StartResult SimulatedSource::make_worker(WorkerNumber number, bool dies) {
  auto [ours, theirs] = platform::make_channel(true, false);
  auto [log_ours, log_theirs] = platform::make_log_pipe();
  auto worker = std::make_unique<ProcessWorker>(world_.loop.get_executor(), world_.timers, settings_, number,
                                                std::move(ours), std::move(log_ours), sink_, poller_);
  const platform::UniqueFd mail = worker->take_mail_descriptor();
  SimulatedProcess::End end{.seen =
                                [this, number] {
                                  const auto running = running_.extract(number);
                                  if (!running.empty() && running.mapped().handle != nullptr)
                                    running.mapped().handle->see_end();
                                },
                            .reported =
                                [this, number](platform::ExitStatus status) {
                                  if (const auto found = workers_.find(number); found != workers_.end())
                                    found->second->end_reported(status);
                                }};
  auto process = std::make_shared<SimulatedProcess>(world_, faults_, static_cast<int>(number),
                                                    std::move(theirs), std::move(log_theirs), mail.get(),
                                                    poller_.descriptor(), std::move(end));
  auto handle = std::make_unique<SimulatedHandle>(process);
  Running& running = running_[number];
  running = {.process = process, .handle = handle.get()};
  workers_[number] = worker.get();
  worker->take_process(std::move(handle));
  worker->on_end([this, number] { worker_ended(number, workers_.at(number)->how_it_ended()); });
  worker->on_destruction([this, number] {
    workers_.erase(number);
    if (const auto found = running_.find(number); found != running_.end()) found->second.handle = nullptr;
  });
  if (dies)
    world_.after(world_.random.between(microseconds(1), microseconds(100)), [process] { process->crash(); });
  StartResult result;
  result.worker = std::move(worker);
  return result;
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

std::vector<WorkerNumber> SimulatedSource::living() const {
  std::vector<WorkerNumber> all;
  for (const auto& [number, running] : running_)
    if (running.process->alive()) all.push_back(number);
  return all;
}

}  // namespace coffees::storm
