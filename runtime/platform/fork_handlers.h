// pthread_atfork(3) handlers of libraries, for a process that forks without fork(3).
//
// Cryptographic libraries learn from their handler that they are a copy and have to draw new random numbers.
// pthread_atfork is a part of each library and calls __register_atfork of the C library
// (https://refspecs.linuxbase.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/baselib---register-atfork.html).
// coffees-worker exports a function of that name, which the dynamic linker finds first: it keeps a list and
// passes the call on, so that a fork(3) in a handler runs them as well. Libraries that are linked statically,
// with RTLD_DEEPBIND or into a namespace of their own (dlmopen) are not seen.
#pragma once

#include <cstddef>

namespace coffees::platform::fork_handlers {

/// To be called around clone, in the parent, as fork(3) does it: "prepare" handlers, the last registered
/// first; then, whether there is a child or not, the "parent" handlers.
void before();
void after_in_parent();
/// In the child: the "child" handlers in the order of their registration.
void after_in_child();

/// No more registrations are noted: this process makes no further copies by clone.
void stop_noting();

/// How many times a library has registered handlers in this process.
std::size_t count();

}  // namespace coffees::platform::fork_handlers
