// The standard output of processes that run handlers: what is printed has to be in the log pipe by the time
// the process dies, whatever it dies of.
#pragma once

#include <cstddef>

namespace coffees::platform::standard_output {

/// Makes stdout line-buffered and lets the C++ streams (cout, cerr, clog and the wide ones) write through the
/// C streams, also if a library calls std::ios::sync_with_stdio(false) later: only the first such call
/// replaces their buffers (libstdc++), and this is it. Call once per process image, before a library is
/// loaded and before anything is printed (setvbuf(3)). Forked processes inherit it.
void prepare();

/// Writes what stdout and stderr still hold: half a line, or what a library buffers by its own setvbuf(3).
void flush();

/// Writes the half line that stdout still holds. For signal handlers of a process that is about to end: it
/// takes no lock and may find the stream in the middle of a change. Does nothing where a library has given
/// stdout another buffer.
void rescue_half_line();

}  // namespace coffees::platform::standard_output
