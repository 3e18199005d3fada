#include "platform/fork_handlers.h"

#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <vector>

namespace coffees::platform::fork_handlers {
namespace {

using Handler = void (*)();

struct Registration {
  Handler prepare = nullptr;
  Handler parent = nullptr;
  Handler child = nullptr;
  const void* library = nullptr;  ///< where the library was loaded that holds them
};

// Libraries may register handlers before main() begins.
std::vector<Registration>& registrations() {
  static std::vector<Registration> all;
  return all;
}

// Libraries may register from several threads at once, as they may with the C library.
[[maybe_unused]] std::mutex& registering() {
  static std::mutex mutex;
  return mutex;
}
[[maybe_unused]] std::atomic<bool> noting{true};

const void* library_of(Handler handler) {
  Dl_info information{};
  if (handler == nullptr || ::dladdr(reinterpret_cast<void*>(handler), &information) == 0) return nullptr;
  return information.dli_fbase;
}

// The library may have been unloaded since; the C library then forgets its handlers without a word to us.
void run(const Registration& registration, Handler handler) {
  if (handler != nullptr && library_of(handler) == registration.library) handler();
}

}  // namespace

void before() {
  const std::vector<Registration>& all = registrations();
  for (auto each = all.rbegin(); each != all.rend(); ++each) run(*each, each->prepare);
}

void after_in_parent() {
  for (const Registration& each : registrations()) run(each, each.parent);
}

void after_in_child() {
  for (const Registration& each : registrations()) run(each, each.child);
}

void stop_noting() { noting = false; }

std::size_t count() { return registrations().size(); }

}  // namespace coffees::platform::fork_handlers

// The C library's name for it. ThreadSanitizer's library calls it before anything that is built with it can
// run: there, no handlers are noted.
#ifndef __SANITIZE_THREAD__
// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming)
extern "C" __attribute__((visibility("default"))) int __register_atfork(void (*prepare)(), void (*parent)(),
                                                                        void (*child)(), void* library);

extern "C" int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void* library) {
  using namespace coffees::platform::fork_handlers;
  using Register = int (*)(void (*)(), void (*)(), void (*)(), void*);
  static const auto next = reinterpret_cast<Register>(::dlsym(RTLD_NEXT, "__register_atfork"));
  if (next == nullptr) return ENOSYS;
  const int error = next(prepare, parent, child, library);
  if (error != 0 || !noting) return error;
  const std::lock_guard lock(registering());
  for (Handler handler : {prepare, parent, child})
    if (handler != nullptr) {
      registrations().push_back({prepare, parent, child, library_of(handler)});
      break;
    }
  return 0;
}
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)
#endif
