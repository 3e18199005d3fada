// Telling an abort from a segmentation fault where the kernel cannot.
#pragma once

#include <string_view>

namespace coffees::platform::last_words {

/// The exit status of a process that had last words: what a shell would report for SIGABRT.
constexpr int kStatus = 134;

/// From now on abort() sends one of two messages on `channel` and exits with kStatus. PID 1 of a namespace
/// survives SIGABRT (pid_namespaces(7)), and abort(3) then ends in a fault that would be taken for a
/// segmentation fault. `out_of_memory` is sent when an allocation had failed since the last call. Call it
/// anew before each invocation: handlers may change signals.
void send_on_abort(int channel, std::string_view message, std::string_view out_of_memory);

}  // namespace coffees::platform::last_words
