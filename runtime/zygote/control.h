// The messages between the dispatcher and a function's launcher, init and zygote: fixed-size plain structs,
// no texts that a client could influence, one message = one command.
#pragma once

#include <cstdint>

#include "platform/abort_notifier.h"
#include "platform/child_process.h"
#include "platform/isolation.h"

namespace coffees::zygote {

constexpr std::uint32_t kMagic = 0x315A4343;  // "CCZ1"

/// Where launcher, init and zygote have their end of the channel.
constexpr int kControl = 3;

/// dispatcher -> launcher, with the handler library attached when there is one. Followed by
/// `environment_size` bytes of "NAME=value" strings, each ended by a zero byte, and by `view_size` bytes of a
/// packed platform::View.
struct LaunchRequest {
  std::uint32_t magic = kMagic;
  std::uint32_t environment_size = 0;
  std::uint32_t view_size = 0;
  platform::isolation::Sandbox sandbox;
  char function[65] = {};
};

/// The longest LaunchRequest with all that follows it.
constexpr std::size_t kLongestLaunch = 160 * 1024;

/// dispatcher -> init, with the zygote's end of its channel, the log pipe and the bell's memory (mailbox.h)
/// attached.
struct StartZygote {
  std::uint32_t magic = kMagic;
  std::uint32_t load_library = 1;  ///< 0: the workers load it themselves (start = "fresh")
};

/// dispatcher -> zygote, with the worker's end of its channel, the log pipe and its mailbox attached.
struct ForkWorker {
  std::uint32_t magic = kMagic;
  std::uint32_t worker = 0;  ///< the number in the worker's name
};

enum class ReportKind : std::uint32_t {
  launched,        ///< launcher: init runs; its pidfd is attached
  sandboxed,       ///< init: part A of the isolation is complete
  failed,          ///< any: `step` could not be done, `error` is the errno
  zygote_started,  ///< init: its pidfd is attached
  zygote_ended,    ///< init: `status`
  child_ended,     ///< init: process `pid` (a worker, or an unknown orphan) ended with `status`
  loaded,          ///< zygote: library loaded and initialised, `nanoseconds` = its init; ready to fork
  load_failed,     ///< zygote: `code` and `text` say why; the zygote ends
  died,            ///< zygote: it dies of a signal; `notice`
  fork_failed,     ///< zygote: worker number `worker`, errno `error`
};

/// What init and zygote tell the dispatcher. A zygote runs handler code, so its reports are believed only
/// about itself.
struct Report {
  std::uint32_t magic = kMagic;
  ReportKind kind = ReportKind::failed;
  std::int32_t pid = 0;
  std::int32_t error = 0;
  platform::ExitStatus status;
  std::uint32_t worker = 0;
  std::uint32_t threads = 1;     ///< loaded: more than one means that this zygote must not fork
  std::uint32_t open_files = 0;  ///< loaded: descriptors that the library has opened; `text` names some
  std::int64_t nanoseconds = 0;
  char step[256] = {};
  char code[16] = {};
  char text[512] = {};
  platform::abort_notifier::Notice notice;
};

}  // namespace coffees::zygote
