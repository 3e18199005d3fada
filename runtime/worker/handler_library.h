// A handler library in this process: loaded, checked, initialised, called. dlopen(3).
#pragma once

#include <coffees/abi.h>

#include <stdexcept>
#include <string>

namespace coffees {

/// A handler library cannot be used. `code` is the error code that users see (E203, ...), what() says why.
class LibraryError : public std::runtime_error {
 public:
  LibraryError(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}
  [[nodiscard]] const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

/// The handler library of this process. It is never unloaded: the process ends instead.
class HandlerLibrary {
 public:
  /// Loads the library and finds its entry point; runs its static constructors. Throws LibraryError E202
  /// (cannot be loaded), E203 (another ABI version) or E204 (no entry point).
  explicit HandlerLibrary(const std::string& path);

  /// Runs the library's own init, if it has one. Throws LibraryError E205 when that reports an error.
  void initialise() const;

  /// Whether the library has something to do in each worker before its first call.
  [[nodiscard]] bool has_worker_init() const noexcept;
  /// Does that; nothing without it. Throws LibraryError E205 when that reports an error.
  void initialise_worker() const;

  [[nodiscard]] const coffees_plugin_v1& plugin() const noexcept { return *plugin_; }

 private:
  using Step = void (*)(coffees_result*);
  void run(Step step, const char* name) const;

  const coffees_plugin_v1* plugin_ = nullptr;
};

}  // namespace coffees
