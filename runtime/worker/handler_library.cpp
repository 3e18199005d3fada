#include "worker/handler_library.h"

#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace coffees {

namespace {

// dlopen(3)'s words without the path that the library has only in here, and with the name of a symbol as it
// stands in the source.
std::string readable(std::string reason, const std::string& path) {
  if (reason.starts_with(path + ": ")) reason.erase(0, path.size() + 2);
  constexpr std::string_view before = "undefined symbol: ";
  const std::size_t at = reason.find(before);
  if (at == std::string::npos) return reason;
  const std::size_t begin = at + before.size();
  const std::size_t size = std::min(reason.find_first_of(", ()", begin), reason.size()) - begin;
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(reason.substr(begin, size).c_str(), nullptr, nullptr, &status), std::free);
  if (status == 0 && name) reason.replace(begin, size, name.get());
  return reason;
}

}  // namespace

HandlerLibrary::HandlerLibrary(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    throw LibraryError("E202",
                       "the library cannot be loaded: " + readable(reason != nullptr ? reason : "?", path));
  }
  using EntryPoint = const coffees_plugin_v1* (*)();
  auto entry_point = reinterpret_cast<EntryPoint>(::dlsym(library, COFFEES_PLUGIN_SYMBOL));
  if (entry_point == nullptr)
    throw LibraryError(
        "E204", "no entry point 'coffees_plugin': the library loads, but COFFEES_HANDLER(...) is missing");
  plugin_ = entry_point();
  if (plugin_ == nullptr) throw LibraryError("E204", "the entry point 'coffees_plugin' returned nothing");
  if (plugin_->abi_version != COFFEES_ABI_VERSION)
    throw LibraryError("E203", "built for handler ABI " + std::to_string(plugin_->abi_version) +
                                   "; this runtime uses ABI " + std::to_string(COFFEES_ABI_VERSION));
  constexpr std::size_t needed = offsetof(coffees_plugin_v1, release) + sizeof(plugin_->release);
  if (plugin_->struct_size < needed || plugin_->call == nullptr || plugin_->release == nullptr)
    throw LibraryError("E203",
                       "its coffees_plugin struct is shorter than ABI 1 requires, or has no call or release");
}

void HandlerLibrary::run(Step step, const char* name) const {
  coffees_result result{};
  result.struct_size = sizeof result;
  step(&result);
  std::string type(result.error_type.data != nullptr ? result.error_type.data : "", result.error_type.size);
  std::string message(result.error_message.data != nullptr ? result.error_message.data : "",
                      result.error_message.size);
  const std::uint32_t outcome = result.outcome;
  plugin_->release(&result);
  if (outcome != COFFEES_OK)
    throw LibraryError("E205", std::string(name) + " failed: " + type + ": " + message);
}

void HandlerLibrary::initialise() const {
  if (plugin_->init != nullptr) run(plugin_->init, "init");
}

bool HandlerLibrary::has_worker_init() const noexcept {
  constexpr std::size_t needed = offsetof(coffees_plugin_v1, worker_init) + sizeof(plugin_->worker_init);
  return plugin_->struct_size >= needed && plugin_->worker_init != nullptr;
}

void HandlerLibrary::initialise_worker() const {
  if (has_worker_init()) run(plugin_->worker_init, "worker init");
}

}  // namespace coffees
