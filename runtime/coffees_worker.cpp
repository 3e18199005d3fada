// coffees-worker: the small program that becomes a function's init, its zygote and its workers, by forking,
// never by exec. Not for people: the dispatcher starts it, with one end of a channel as descriptor 3.
#include <cstdio>

#include "platform/limits.h"
#include "platform/unique_fd.h"
#include "zygote/init_main.h"

// Crashes of handlers are part of what is tested: they must end the process by their own signal. Leaks are
// looked for in the dispatcher; these processes end by _exit or SIGKILL.
#if defined(__SANITIZE_ADDRESS__)
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:handle_sigill=0:detect_leaks=0:"
         "use_sigaltstack=0:allocator_may_return_null=1";
}
#elif defined(__SANITIZE_THREAD__)
// ThreadSanitizer brings a thread of its own along, so that every fork here is one with threads.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() {
  return "handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:handle_sigill=0:use_sigaltstack=0:"
         "allocator_may_return_null=1:die_after_fork=0";
}
#endif

int main(int count, char**) {
  if (count != 1) {
    std::fputs("coffees-worker is started by `coffees serve`; it has no options of its own.\n", stderr);
    return 2;
  }
  coffees::zygote::launcher_main(coffees::platform::UniqueFd(3));
}
