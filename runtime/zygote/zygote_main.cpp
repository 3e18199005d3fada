#include "zygote/zygote_main.h"

#include <cstdio>
#include <optional>

#include "platform/abort_notifier.h"
#include "platform/channel.h"
#include "platform/clone.h"
#include "platform/fork_handlers.h"
#include "platform/standard_output.h"
#include "platform/syscall.h"
#include "platform/this_process.h"
#include "worker/handler_library.h"
#include "worker/mailbox.h"
#include "worker/wire.h"
#include "worker/worker_main.h"
#include "zygote/control.h"

namespace coffees::zygote {
namespace {

void report_or_exit(const Report& report) {
  if (platform::send_message(kControl, platform::bytes_of(report)) != platform::SendState::sent)
    platform::this_process::exit_now(0);
}

void copy_text(char* to, std::size_t size, const std::string& text) {
  std::snprintf(to, size, "%s", text.c_str());
}

// What the zygote says when the library's code makes it die of a signal.
Report last_report{.kind = ReportKind::died};

std::optional<HandlerLibrary> load(const ZygoteSpec& spec, platform::isolation::SandboxHandles& inside) {
  std::optional<HandlerLibrary> library;
  try {
    library.emplace(inside.plugin_path);
    Report report{.kind = ReportKind::loaded};
    const std::int64_t begin = wire::monotonic_now();
    library->initialise();
    report.nanoseconds = wire::monotonic_now() - begin;
    report.threads = platform::isolation::count_threads(inside);
    const platform::isolation::OpenFiles left = platform::isolation::files_left_open(spec.sandbox, inside);
    report.open_files = left.count;
    copy_text(report.text, sizeof report.text, left.names);
    platform::isolation::note_traces_of_init(spec.sandbox, inside);
    report_or_exit(report);
  } catch (const LibraryError& error) {
    Report report{.kind = ReportKind::load_failed};
    copy_text(report.code, sizeof report.code, error.code());
    copy_text(report.text, sizeof report.text, error.what());
    report_or_exit(report);
    platform::this_process::exit_now(1);
  }
  return library;
}

}  // namespace

void zygote_main(const ZygoteSpec& spec, WorkerFds fds, platform::isolation::SandboxHandles inside) {
  std::optional<HandlerLibrary> library;
  platform::SharedMemory bell;
  try {
    bell = platform::SharedMemory::map(fds.shared.get(), MailboxMemory::kPage);
    platform::isolation::keep_only_standard_descriptors(std::move(fds.channel), std::move(fds.log), inside);
    platform::isolation::die_with_parent();
    // A worker writes its own id maps; the kernel lets it only while its memory counts as dumpable (proc(5)).
    platform::this_process::allow_inspection(true);
    platform::standard_output::prepare();
    platform::abort_notifier::notify_on_death(kControl, platform::bytes_of(last_report), last_report.notice,
                                              spec.sandbox.level == platform::isolation::Level::full);
    platform::abort_notifier::renew();
    if (spec.load_library) {
      library = load(spec, inside);
    } else {
      platform::isolation::note_traces_of_init(spec.sandbox, inside);
      report_or_exit(Report{.kind = ReportKind::loaded});
    }
  } catch (const platform::SystemError& error) {
    Report report{.kind = ReportKind::failed, .error = error.error()};
    copy_text(report.step, sizeof report.step, error.step());
    report_or_exit(report);
    platform::this_process::exit_now(1);
  }

  while (true) {
    ForkWorker command;
    platform::Received received =
        platform::receive_with_descriptors(kControl, platform::writable_bytes_of(command));
    if (received.state != platform::ReceiveState::message) platform::this_process::exit_now(0);
    if (received.size != sizeof command || command.magic != kMagic || received.descriptors.size() != 3)
      platform::this_process::exit_now(1);
    const std::int64_t command_received = wire::monotonic_now();
    // The child starts with a copy of the stream buffers: empty ones, or their content would appear twice.
    std::fflush(nullptr);
    platform::fork_handlers::before();
    platform::abort_notifier::forget_process();
    try {
      const platform::Cloned worker =
          platform::clone_process(platform::isolation::worker_clone_flags(spec.sandbox), false);
      if (worker.in_child) {
        const WorkerSpec worker_birth{.sandbox = spec.sandbox,
                                      .function = spec.function,
                                      .number = command.worker,
                                      .library = library ? &*library : nullptr,
                                      .library_path = inside.plugin_path,
                                      .bell = static_cast<DoorbellMemory*>(bell.data()),
                                      .command_received = command_received,
                                      .forked = wire::monotonic_now()};
        worker_main(worker_birth,
                    {.channel = std::move(received.descriptors[0]),
                     .log = std::move(received.descriptors[1]),
                     .shared = std::move(received.descriptors[2])},
                    std::move(inside));
      }
    } catch (const platform::SystemError& error) {
      Report report{.kind = ReportKind::fork_failed, .error = error.error(), .worker = command.worker};
      copy_text(report.step, sizeof report.step, error.step());
      report_or_exit(report);
    }
    platform::abort_notifier::note_process();
    platform::fork_handlers::after_in_parent();
  }
}

}  // namespace coffees::zygote
