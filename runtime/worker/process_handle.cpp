#include "worker/process_handle.h"

#include "platform/child_process.h"

namespace coffees {
namespace {

class PidfdHandle final : public ProcessHandle {
 public:
  PidfdHandle(const Executor& executor, int pid, bool own_pid_namespace)
      : pid_(pid), own_pid_namespace_(own_pid_namespace), process_(executor) {
    platform::UniqueFd pidfd = platform::open_process(pid);
    if (!pidfd) return;
    process_.assign(pidfd.release());
    process_.async_wait(Descriptor::wait_read, [self = self_](const ErrorCode& error) {
      if (!error && *self != nullptr) (*self)->told_of_end();
    });
  }
  ~PidfdHandle() override { *self_ = nullptr; }

  [[nodiscard]] int pid() const override { return pid_; }
  [[nodiscard]] bool is_open() const override { return process_.is_open(); }
  void kill() override {
    if (is_open()) platform::kill_process(process_.native_handle());
    kill_remains();
  }
  void ask_to_end() override {
    if (is_open()) platform::ask_to_end(process_.native_handle());
  }
  void kill_remains() override {
    if (!own_pid_namespace_) platform::kill_group(pid_);
  }

 private:
  std::shared_ptr<PidfdHandle*> self_{std::make_shared<PidfdHandle*>(this)};  ///< null inside once it is gone
  int pid_;
  bool own_pid_namespace_;
  Descriptor process_;
};

}  // namespace

std::unique_ptr<ProcessHandle> open_process_handle(const Executor& executor, int pid,
                                                   bool own_pid_namespace) {
  return std::make_unique<PidfdHandle>(executor, pid, own_pid_namespace);
}

}  // namespace coffees
