// What a process that runs handlers says when it dies of a signal. The kernel alone would not tell enough:
// PID 1 of a namespace survives most signals that it raises against itself (pid_namespaces(7)), and an exit
// status names no place.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coffees::platform::abort_notifier {

/// The message. `place` is a text for people, zero-terminated.
struct Notice {
  std::int32_t signal = 0;
  std::uint32_t out_of_memory = 0;  ///< an allocation had failed before abort() was called
  std::uint64_t address = 0;        ///< the memory that could not be accessed
  std::uint32_t has_address = 0;
  std::uint32_t reserved = 0;
  std::array<char, 232> place{};  ///< where the code was: crash_place.h; empty when it does not matter
};

/// The exit status of a process that ended by a signal the kernel would not let it die of: what a shell
/// reports.
constexpr int exit_status(int signal) { return 128 + signal; }

/// The signal that asks a process to end at once: SIGRTMAX.
int end_now_signal();

/// From now on a signal that ends this process fills in `notice`, a part of `message`, and sends the whole
/// message on `channel`, after the half line that stdout still holds. Both stay valid. Forked processes
/// inherit it and may call this again for messages of their own; `channel` -1 says nothing.
///
/// - SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS and abort() end the process, a stack overflow of the
///   main thread included. As PID 1 of a namespace, abort() is recognised even if a handler library has
///   changed the action of SIGABRT since; elsewhere such a library takes the message and the half line away.
/// - Signals that end a process by default (signal(7)) do so when this process raised them against itself, or
///   with `in_pid_namespace` when anything in the same PID namespace did; from outside they are ignored: a
///   signal to the whole process tree must not end a worker that serves.
/// - SIGPIPE and SIGXFSZ never end it: the call that caused them fails with EPIPE or EFBIG.
/// - end_now_signal() from outside ends it at once, without a message but with the half line.
/// - In a child that the handler forks, all of them act as they do by default.
void notify_on_death(int channel, std::string_view message, Notice& notice, bool in_pid_namespace);

/// Before a clone that runs on as a process of ours, until notify_on_death() in the child and note_process()
/// in the parent: signals from outside would be taken for those to a child that a handler has forked.
void forget_process();
void note_process();

/// Forgets that an allocation failed. Before each invocation; no system call.
void renew();

}  // namespace coffees::platform::abort_notifier
