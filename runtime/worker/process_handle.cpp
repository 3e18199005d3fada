#include "worker/process_handle.h"

#include "platform/child_process.h"

namespace coffees {
namespace {

class PidfdHandle final : public ProcessHandle {
 public:
  PidfdHandle(int pid, bool own_pid_namespace)
      : pid_(pid), own_pid_namespace_(own_pid_namespace), process_(platform::open_process(pid)) {}

  [[nodiscard]] int pid() const override { return pid_; }
  [[nodiscard]] bool is_open() const override { return static_cast<bool>(process_); }
  void kill() override {
    if (process_) platform::kill_process(process_.get());
    kill_remains();
  }
  void ask_to_end() override {
    if (process_) platform::ask_to_end(process_.get());
  }
  void kill_remains() override {
    if (!own_pid_namespace_) platform::kill_group(pid_);
  }

 private:
  int pid_;
  bool own_pid_namespace_;
  platform::UniqueFd process_;
};

}  // namespace

std::unique_ptr<ProcessHandle> open_process_handle(int pid, bool own_pid_namespace) {
  return std::make_unique<PidfdHandle>(pid, own_pid_namespace);
}

}  // namespace coffees
